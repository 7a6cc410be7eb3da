"""Verification of somebody by emoji in a room, from the side of the one who asks (m.sas.v1)."""

import asyncio
import hashlib

import canonicaljson
import unpaddedbase64
import vodozemac
from nio.crypto.sas import Sas as Emojis

from person import Trouble, name, proven, sign, signing_key


class Verification:
    def __init__(self, person, room, user):
        self.person = person
        self.room = room
        self.user = user
        self.seen = len(person.timelines.get(room, []))
        self.id = None

    async def run(self):
        """Asks, compares and answers the emoji seen here. Whether they are the same is for the test to judge."""
        me, device = self.person.client.user_id, self.person.client.device_id
        self.id = await self.person.send(
            self.room,
            "m.room.message",
            {
                "msgtype": "m.key.verification.request",
                "body": "Vérification",
                "from_device": device,
                "methods": ["m.sas.v1"],
                "to": self.user,
            },
        )
        ready = await self.next("ready")
        start = {
            "from_device": device,
            "method": "m.sas.v1",
            "key_agreement_protocols": ["curve25519-hkdf-sha256"],
            "hashes": ["sha256"],
            "message_authentication_codes": ["hkdf-hmac-sha256.v2"],
            "short_authentication_string": ["decimal", "emoji"],
        }
        start = await self.say("start", start)
        accept = await self.next("accept")
        sas = vodozemac.Sas()
        ours = sas.public_key.to_base64()
        await self.say("key", {"key": ours})
        theirs = (await self.next("key"))["key"]
        committed = hashlib.sha256(theirs.encode() + canonicaljson.encode_canonical_json(start)).digest()
        if unpaddedbase64.encode_base64(committed) != accept["commitment"]:
            raise Trouble("the key is not the one that was committed to")
        shared = sas.diffie_hellman(vodozemac.Curve25519PublicKey.from_base64(theirs))
        other = ready["from_device"]
        both = f"{me}|{device}|{ours}|{self.user}|{other}|{theirs}|{self.id}"
        indices = shared.bytes(f"MATRIX_KEY_VERIFICATION_SAS|{both}").emoji_indices
        await self.compare(shared, other)
        return [list(Emojis.emoji[index]) for index in indices]

    async def compare(self, shared, other):
        """Both sides say which keys they mean. Theirs must be those that the homeserver tells."""
        person, me, device = self.person, self.person.client.user_id, self.person.client.device_id
        mine = {f"ed25519:{device}": person.client.olm.account.identity_keys["ed25519"]}
        if person.master:
            mine[name(person.master)] = name(person.master).removeprefix("ed25519:")
        base = f"MATRIX_KEY_VERIFICATION_MAC{me}{device}{self.user}{other}{self.id}"
        macs = {key: shared.calculate_mac(value, base + key) for key, value in mine.items()}
        listed = shared.calculate_mac(",".join(sorted(mine)), base + "KEY_IDS")
        await self.say("mac", {"mac": macs, "keys": listed})
        theirs = await self.next("mac")
        base = f"MATRIX_KEY_VERIFICATION_MAC{self.user}{other}{me}{device}{self.id}"
        shared.verify_mac(",".join(sorted(theirs["mac"])), base + "KEY_IDS", theirs["keys"])
        known = await person.must("POST", "/_matrix/client/v3/keys/query", {"device_keys": {self.user: []}})
        device_key = known["device_keys"][self.user][other]["keys"][f"ed25519:{other}"]
        shared.verify_mac(device_key, base + f"ed25519:{other}", theirs["mac"][f"ed25519:{other}"])
        if not proven(known["device_keys"][self.user][other], self.user, signing_key(known, self.user)):
            raise Trouble("the device is not signed by its owner")
        master = known["master_keys"][self.user]
        (key_id, key), = master["keys"].items()
        if key_id in theirs["mac"]:
            shared.verify_mac(key, base + key_id, theirs["mac"][key_id])
            signed = sign(master, me, name(person.other), person.other)
            path = "/_matrix/client/v3/keys/signatures/upload"
            answer = await person.must("POST", path, {self.user: {key: signed}})
            if answer.get("failures"):
                raise Trouble(f"the signature of the identity was refused: {answer}")
        await self.say("done", {})
        await self.next("done")

    async def say(self, step, content):
        content = {**content, "m.relates_to": {"rel_type": "m.reference", "event_id": self.id}}
        await self.person.send(self.room, f"m.key.verification.{step}", content)
        return content

    async def next(self, step):
        """The other side's next event of that kind."""
        for _ in range(600):
            for line in self.person.timelines.get(self.room, [])[self.seen :]:
                relation = line["content"].get("m.relates_to") or {}
                if line["sender"] != self.user or relation.get("event_id") != self.id:
                    continue
                if line["type"] == "m.key.verification.cancel":
                    raise Trouble(f"cancelled: {line['content']}")
                if line["type"] == f"m.key.verification.{step}":
                    return line["content"]
            await asyncio.sleep(0.1)
        raise Trouble(f"no {step} of the verification")
