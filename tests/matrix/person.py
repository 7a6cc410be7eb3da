"""One person's Matrix client: matrix-nio with its own encryption, and cross-signing as Element does it.

Keys of rooms go to devices that their owner has signed and to no other, as clients do since MSC4153. Nothing here is
Greffier's code.
"""

import asyncio
import sys
import time
import uuid
from pathlib import Path

import canonicaljson
import nacl.signing
import unpaddedbase64
from nio import (
    AsyncClient,
    AsyncClientConfig,
    BadEvent,
    Event,
    MegolmEvent,
    ReceiptEvent,
    UnknownBadEvent,
)
from nio.crypto.attachments import decrypt_attachment, encrypt_attachment

FILTER = {"room": {"timeline": {"limit": 500}}, "presence": {"types": []}}


class Trouble(Exception):
    """What the test is told."""


class Person:
    """A client that is logged in and follows its rooms in the background."""

    def __init__(self, homeserver, user, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        config = AsyncClientConfig(store_sync_tokens=False, encryption_enabled=True, request_timeout=60, max_timeout_retry_wait_time=0.5)
        self.client = AsyncClient(homeserver, user, store_path=str(self.folder), config=config)
        self.timelines = {}
        self.sealed = {}
        self.received = set()
        self.trusted = {}
        # Who gets no room keys, whatever their devices, and the newest session of each room as it began.
        self.withheld = set()
        self.begun = {}
        # The keys of this person's identity that are needed later.
        self.master = self.other = None
        self.arrived = asyncio.Event()
        self.syncing = None
        self.receipts = {}
        self.client.add_event_callback(self.heard, (Event, BadEvent, UnknownBadEvent))
        self.client.add_ephemeral_callback(self.noticed, ReceiptEvent)

    # Coming and going

    async def login(self, password, device_name):
        answer = await self.client.login(password, device_name=device_name)
        if not hasattr(answer, "access_token"):
            raise Trouble(f"no login: {answer}")
        await self.client.keys_upload()
        await self.once()
        self.syncing = asyncio.create_task(self.follow())

    async def close(self):
        if self.syncing:
            self.syncing.cancel()
        await self.client.close()

    async def follow(self):
        while True:
            try:
                await self.once()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # the homeserver may be down for a while
                print(f"sync: {error!r}", file=sys.stderr, flush=True)
                await asyncio.sleep(0.2)

    async def once(self):
        client = self.client
        before = client.next_batch
        answer = await client.sync(timeout=5000 if before else 0, sync_filter=FILTER)
        if not hasattr(answer, "next_batch"):
            await asyncio.sleep(0.2)
            return
        for room in list(client.invited_rooms):
            await client.join(room)
        await client.send_to_device_messages()
        if client.should_upload_keys:
            await client.keys_upload()
        if client.should_query_keys:
            await client.keys_query()
        if client.should_claim_keys:
            await client.keys_claim(client.get_users_for_key_claiming())
        self.unseal()
        self.arrived.set()
        self.arrived.clear()

    # Reading

    async def heard(self, room, event):
        if (room.room_id, event.event_id) in self.received:
            return
        self.received.add((room.room_id, event.event_id))
        if isinstance(event, MegolmEvent):
            self.sealed[event.event_id] = (room.room_id, event)
        self.note(room.room_id, event)

    async def noticed(self, room, event):
        read = self.receipts.setdefault(room.room_id, {})
        for receipt in event.receipts:
            read.setdefault(receipt.user_id, []).append(receipt.event_id)

    def unseal(self):
        """What could not be read may be readable now that other keys are here."""
        for event_id, (room, event) in list(self.sealed.items()):
            try:
                opened = self.client.decrypt_event(event)
            except Exception:
                continue
            del self.sealed[event_id]
            self.note(room, opened)

    def note(self, room, event):
        source = event.source
        content = source.get("content") or {}
        new = content.get("m.new_content") or content
        relation = content.get("m.relates_to") or {}
        kind = relation.get("rel_type")
        file = new.get("file") or ({"url": new["url"]} if "url" in new else None)
        line = {
            "id": event.event_id,
            "sender": event.sender,
            "type": source.get("type"),
            "msgtype": new.get("msgtype"),
            "body": new.get("body"),
            "html": new.get("formatted_body"),
            "fallback": content.get("body"),
            "thread": relation.get("event_id") if kind == "m.thread" else None,
            "answers": (relation.get("m.in_reply_to") or {}).get("event_id"),
            "edits": relation.get("event_id") if kind == "m.replace" else None,
            "reacts": relation.get("event_id") if kind == "m.annotation" else None,
            "key": relation.get("key"),
            "state": source.get("state_key"),
            "mentions": content.get("m.mentions"),
            "pings": new.get("m.mentions"),
            "file": file,
            "info": new.get("info"),
            "filename": new.get("filename"),
            "encrypted": bool(getattr(event, "decrypted", False)) or isinstance(event, MegolmEvent),
            "sealed": isinstance(event, MegolmEvent),
            "content": content,
            "read_at": time.time() * 1000,
        }
        self.timelines.setdefault(room, []).append(line)

    async def more(self, room, after, seconds):
        """The lines of a room from the one numbered `after`, as soon as there are some."""
        end = time.monotonic() + seconds
        while True:
            lines = self.timelines.get(room, [])[after:]
            rest = end - time.monotonic()
            if lines or rest <= 0:
                return lines
            try:
                await asyncio.wait_for(self.arrived.wait(), min(rest, 0.05))
            except asyncio.TimeoutError:
                pass

    # Trust

    async def request(self, method, path, body=None, params=None):
        """A bare request to the homeserver."""
        headers = {"Authorization": f"Bearer {self.client.access_token}"}
        url = self.client.homeserver + path
        session = self.client.client_session
        async with session.request(method, url, json=body, params=params, headers=headers) as answer:
            return answer.status, await answer.json()

    async def must(self, method, path, body=None, params=None):
        status, answer = await self.request(method, path, body, params)
        if status >= 400:
            raise Trouble(f"{method} {path}: {status} {answer}")
        return answer

    async def cross_sign(self, password):
        """Makes an identity and signs this device with it."""
        user, device = self.client.user_id, self.client.device_id
        master, own, other = (nacl.signing.SigningKey.generate() for _ in range(3))
        keys = {
            "master_key": identity(user, "master", master),
            "self_signing_key": sign(identity(user, "self_signing", own), user, name(master), master),
            "user_signing_key": sign(identity(user, "user_signing", other), user, name(master), master),
        }
        path = "/_matrix/client/v3/keys/device_signing/upload"
        status, answer = await self.request("POST", path, keys)
        if status == 401:
            auth = {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": user},
                "password": password,
                "session": answer["session"],
            }
            answer = await self.must("POST", path, {**keys, "auth": auth})
        known = await self.must("POST", "/_matrix/client/v3/keys/query", {"device_keys": {user: []}})
        mine = known["device_keys"][user][device]
        mine.pop("unsigned", None)
        signed = sign(mine, user, name(own), own)
        answer = await self.must("POST", "/_matrix/client/v3/keys/signatures/upload", {user: {device: signed}})
        if answer.get("failures"):
            raise Trouble(f"the signature of the device was refused: {answer}")
        self.master, self.other = master, other

    async def devices(self, user):
        """The devices of somebody, each with whether its owner's identity signs it."""
        known = await self.must("POST", "/_matrix/client/v3/keys/query", {"device_keys": {user: []}})
        owner = signing_key(known, user)
        devices = known.get("device_keys", {}).get(user, {})
        return {device: bool(owner) and proven(keys, user, owner) for device, keys in devices.items()}

    async def choose_devices(self, room_id):
        """Room keys go to signed devices only. A room whose devices have changed has a new session."""
        client = self.client
        room = client.rooms[room_id]
        if not room.members_synced:
            await client.joined_members(room_id)
        people = list(room.users)
        known = await self.must("POST", "/_matrix/client/v3/keys/query", {"device_keys": {user: [] for user in people}})
        client.olm.users_for_key_query.update(people)
        await client.keys_query()
        chosen = set()
        for user in people:
            owner = signing_key(known, user)
            for device in client.device_store.active_user_devices(user):
                if device.id == client.device_id:
                    continue
                keys = known["device_keys"].get(user, {}).get(device.id)
                if user not in self.withheld and owner and keys and proven(keys, user, owner):
                    chosen.add((user, device.id))
                    if not client.olm.is_device_verified(device):
                        client.unblacklist_device(device)
                        client.verify_device(device)
                # Said once: each time it is said, the client begins other sessions.
                elif not client.olm.is_device_blacklisted(device):
                    client.unverify_device(device)
                    client.blacklist_device(device)
        if self.trusted.get(room_id) != chosen:
            self.trusted[room_id] = chosen
            client.invalidate_outbound_session(room_id)
            client.olm.create_outbound_group_session(room_id)
            session = client.olm.outbound_group_sessions[room_id]
            self.begun[room_id] = {"session_id": session.id, "session_key": session.session_key}

    def devices_of(self, user):
        return list(self.client.device_store.active_user_devices(user))

    async def withhold(self, room_id, user, code):
        """Begins a session whose key the devices of `user` do not get, and tells them why if there is a code."""
        self.withheld.add(user)
        self.trusted.pop(room_id, None)
        await self.choose_devices(room_id)
        if not code:
            return
        why = {
            "algorithm": "m.megolm.v1.aes-sha2",
            "code": code,
            "reason": "This device is not trusted",
            "room_id": room_id,
            "sender_key": self.client.olm.account.identity_keys["curve25519"],
            "session_id": self.begun[room_id]["session_id"],
        }
        await self.to_devices("m.room_key.withheld", {user: {device.id: why for device in self.devices_of(user)}})

    async def share_late(self, room_id, user):
        """Gives the devices of `user` the key of the room's session after all, from its first message on."""
        self.withheld.discard(user)
        devices = self.devices_of(user)
        missing = [device.id for device in devices if not self.client.olm.session_store.get(device.curve25519)]
        if missing:
            await self.client.keys_claim({user: missing})
        key = {"algorithm": "m.megolm.v1.aes-sha2", "room_id": room_id, **self.begun[room_id]}
        sealed = {}
        for device in devices:
            session = self.client.olm.session_store.get(device.curve25519)
            sealed[device.id] = self.client.olm._olm_encrypt(session, device, "m.room_key", key)
        await self.to_devices("m.room.encrypted", {user: sealed})

    async def to_devices(self, kind, messages):
        path = f"/_matrix/client/v3/sendToDevice/{kind}/{uuid.uuid4()}"
        await self.must("PUT", path, {"messages": messages})

    # Writing

    async def send(self, room, kind, content, txn=None):
        known = self.client.rooms.get(room)
        if known is None:
            raise Trouble(f"{self.client.user_id} is not in {room}")
        if known.encrypted:
            await self.choose_devices(room)
        answer = await self.client.room_send(room, kind, content, tx_id=txn)
        if not hasattr(answer, "event_id"):
            raise Trouble(f"not sent: {answer}")
        return answer.event_id

    async def upload(self, room, filename, mimetype, content):
        """Uploads a file, encrypted in an encrypted room, and answers the fields of the message that names it."""
        encrypted = self.client.rooms[room].encrypted
        keys = None
        if encrypted:
            content, keys = encrypt_attachment(content)
        headers = {
            "Authorization": f"Bearer {self.client.access_token}",
            "Content-Type": "application/octet-stream" if encrypted else mimetype,
        }
        url = self.client.homeserver + "/_matrix/media/v3/upload"
        params = {} if encrypted else {"filename": filename}
        async with self.client.client_session.post(url, data=content, headers=headers, params=params) as answer:
            said = await answer.json()
            if answer.status != 200:
                raise Trouble(f"not uploaded: {said}")
        if keys is None:
            return {"url": said["content_uri"]}
        return {"file": {**keys, "url": said["content_uri"]}}

    async def fetch(self, file):
        server, media = file["url"].removeprefix("mxc://").split("/")
        url = f"{self.client.homeserver}/_matrix/client/v1/media/download/{server}/{media}"
        headers = {"Authorization": f"Bearer {self.client.access_token}"}
        async with self.client.client_session.get(url, headers=headers) as answer:
            content = await answer.read()
            if answer.status != 200:
                raise Trouble(f"no such file: {content!r}")
        if "key" not in file:
            return content
        return decrypt_attachment(content, file["key"]["k"], file["hashes"]["sha256"], file["iv"])


def base64(octets):
    return unpaddedbase64.encode_base64(bytes(octets))


def name(key):
    return f"ed25519:{base64(key.verify_key)}"


def identity(user, usage, key):
    return {"user_id": user, "usage": [usage], "keys": {name(key): base64(key.verify_key)}}


def signed_part(thing):
    return canonicaljson.encode_canonical_json({k: v for k, v in thing.items() if k not in ("signatures", "unsigned")})


def sign(thing, user, key_name, key):
    signature = base64(key.sign(signed_part(thing)).signature)
    signatures = {**thing.get("signatures", {})}
    signatures[user] = {**signatures.get(user, {}), key_name: signature}
    return {**thing, "signatures": signatures}


def proven(thing, user, key):
    """Whether `key` (its base64) has signed `thing`."""
    signature = thing.get("signatures", {}).get(user, {}).get(f"ed25519:{key}")
    if not signature:
        return False
    try:
        verifier = nacl.signing.VerifyKey(unpaddedbase64.decode_base64(key))
        verifier.verify(signed_part(thing), unpaddedbase64.decode_base64(signature))
    except Exception:
        return False
    return True


def signing_key(known, user):
    """The key with which somebody's identity signs devices, if it has one and it is theirs."""
    master = known.get("master_keys", {}).get(user)
    own = known.get("self_signing_keys", {}).get(user)
    if not master or not own:
        return None
    (master_key,) = master["keys"].values()
    (own_key,) = own["keys"].values()
    return own_key if proven(own, user, master_key) else None
