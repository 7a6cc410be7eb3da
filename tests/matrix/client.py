"""The people of the Matrix tests, in one process: a JSON object a line comes in, a JSON object a line goes out.

    {"do": "say", "as": "ines", "room": "!…", "text": "!suivre 1"}  →  {"ok": "$…"} or {"error": "…"}

It ends when its input does.
"""

import asyncio
import base64
import hashlib
import hmac
import io
import json
import logging
import sys
import time

import aiohttp
from PIL import Image

from person import Person, Trouble
from verify import Verification

# What a client cannot read is for the test to judge.
logging.disable(logging.CRITICAL)

PASSWORD = "sésame, ouvre-toi"


class People:
    def __init__(self, homeserver, secret, folder):
        self.homeserver = homeserver
        self.secret = secret
        self.folder = folder
        self.people = {}

    # Accounts

    async def do_register(self, user, password=PASSWORD, admin=False):
        """Makes an account and does not log in."""
        path = f"{self.homeserver}/_synapse/admin/v1/register"
        async with aiohttp.ClientSession() as session:
            async with session.get(path) as answer:
                nonce = (await answer.json())["nonce"]
            role = "admin" if admin else "notadmin"
            mac = hmac.new(self.secret.encode(), "\0".join([nonce, user, password, role]).encode(), hashlib.sha1)
            body = {"nonce": nonce, "username": user, "password": password, "admin": admin, "mac": mac.hexdigest()}
            async with session.post(path, json=body) as answer:
                said = await answer.json()
                if answer.status != 200:
                    raise Trouble(f"{user} was not registered: {said}")
                return said["user_id"]

    async def do_login(self, who, user, password=PASSWORD, signed=True):
        """Logs in under a name of the test's, by default with a cross-signed device."""
        person = Person(self.homeserver, user, f"{self.folder}/{who}")
        await person.login(password, who)
        self.people[who] = person
        if signed:
            await person.cross_sign(password)
        return person.client.user_id

    async def do_token(self, user, password):
        """An access token of a device without keys."""
        body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": password}
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{self.homeserver}/_matrix/client/v3/login", json=body) as answer:
                return (await answer.json())["access_token"]

    async def do_own_token(self, who):
        """The access token of somebody's device, whose keys are here."""
        return self.people[who].client.access_token

    async def do_withhold(self, who, room, user, code=None):
        """From now on `user` gets no room keys; with a code, his devices are told why."""
        await self.people[who].withhold(room, user, code)

    async def do_share(self, who, room, user):
        """`user` gets room keys again, and that of the room's last session at once."""
        await self.people[who].share_late(room, user)

    async def do_cross_sign(self, who):
        """Makes another identity in place of the one there is, if any, and signs this device with it."""
        await self.people[who].cross_sign(PASSWORD)

    async def do_verify(self, who, room, user):
        return await Verification(self.people[who], room, user).run()

    async def do_devices(self, who, user):
        return await self.people[who].devices(user)

    async def do_request(self, who, method, path, body=None, params=None):
        status, answer = await self.people[who].request(method, path, body, params)
        return {"status": status, "answer": answer}

    # Rooms

    async def do_create(self, who, encrypted, invite=(), alias=None, direct=False, public=False, state=()):
        person = self.people[who]
        first = list(state)
        if encrypted:
            first.append({"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}})
        body = {
            "preset": "public_chat" if public else "private_chat",
            "invite": list(invite),
            "is_direct": direct,
            "initial_state": first,
        }
        if alias:
            body["room_alias_name"] = alias
        room = (await person.must("POST", "/_matrix/client/v3/createRoom", body))["room_id"]
        await self.until_in(person, room, encrypted)
        return room

    async def until_in(self, person, room, encrypted):
        for _ in range(1200):
            known = person.client.rooms.get(room)
            if known is not None and known.encrypted == encrypted:
                return
            await asyncio.sleep(0.05)
        raise Trouble(f"{person.client.user_id} never came into {room}")

    async def do_enter(self, who, room, encrypted):
        """Waits until the room is in the client's list."""
        await self.until_in(self.people[who], room, encrypted)

    async def do_rooms(self, who):
        client = self.people[who].client
        return {room.room_id: {"encrypted": room.encrypted, "people": list(room.users)} for room in client.rooms.values()}

    # Lines

    async def do_send(self, who, room, type, content, txn=None):
        return await self.people[who].send(room, type, content, txn)

    async def do_bare(self, who, room, text):
        """Sends a text with nothing done before it, and answers when that was begun."""
        person = self.people[who]
        if person.client.rooms[room].encrypted and room not in person.trusted:
            await person.choose_devices(room)
        begun = time.time() * 1000
        answer = await person.client.room_send(room, "m.room.message", {"msgtype": "m.text", "body": text})
        if not hasattr(answer, "event_id"):
            raise Trouble(f"not sent: {answer}")
        return begun

    async def do_upload(self, who, room, filename, mimetype, octets, thread=None, body=None):
        person = self.people[who]
        content = base64.b64decode(octets)
        part = await person.upload(room, filename, mimetype, content)
        message = {
            "msgtype": "m.file",
            "body": body or filename,
            "filename": filename,
            "info": {"mimetype": mimetype, "size": len(content)},
            **part,
        }
        if thread:
            message["m.relates_to"] = {
                "rel_type": "m.thread",
                "event_id": thread,
                "is_falling_back": True,
                "m.in_reply_to": {"event_id": thread},
            }
        return await person.send(room, "m.room.message", message)

    async def do_fetch(self, who, file):
        return base64.b64encode(await self.people[who].fetch(file)).decode()

    async def do_picture(self, who, file):
        """Fetches a picture and decodes it: its size, and its colours at the left and at the right."""
        with Image.open(io.BytesIO(await self.people[who].fetch(file))) as image:
            image.load()
            rgb = image.convert("RGB")
            edge = (image.width - 5, image.height // 2)
            return {
                "type": Image.MIME[image.format],
                "size": [image.width, image.height],
                "left": rgb.getpixel((5, image.height // 2)),
                "right": rgb.getpixel(edge),
            }

    async def do_more(self, who, room, after, seconds):
        return await self.people[who].more(room, after, seconds)

    async def do_receipts(self, who, room):
        return self.people[who].receipts.get(room, {})

    async def do_unread(self, who, room):
        """What the homeserver counts as unread: what notifies, and what names this person."""
        known = self.people[who].client.rooms[room]
        return {"notifications": known.unread_notifications, "highlights": known.unread_highlights}

    async def close(self):
        for person in self.people.values():
            await person.close()


async def main():
    homeserver, folder = sys.argv[1:3]
    people = People(homeserver, sys.stdin.readline().strip(), folder)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        do = getattr(people, f"do_{request.pop('do')}")
        if "as" in request:
            request["who"] = request.pop("as")
        try:
            answer = {"ok": await do(**request)}
        except Exception as error:
            answer = {"error": str(error) if isinstance(error, Trouble) else repr(error)}
        print(json.dumps(answer), flush=True)
    await people.close()


asyncio.run(main())
