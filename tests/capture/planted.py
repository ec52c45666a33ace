"""A contact centre full of canaries: secrets and personal values wherever a real one has some."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from importlib import import_module
from typing import Any
from urllib.parse import quote

import httpx
from aiohttp import ClientSession, web

from .proxies import basic

CHAT = "0000Na9B26EF002X"
AGENT, CUSTOMER = "009052C5E743004C", "009052C5E6D6004A"
CHANNEL = "/v2/me/chats"

SECRETS = {
    "basic": "quokkaPassw0rd",
    "form": "p!ttaF0rm&word",
    "error": "dodoErr0rWord",
    "url": "emuUr1Word",
    "encoded url": "rhea3ncodedWord",
    "session": "node0kiwi7cookie3abc.node0",
    "browser": "moa5browser8cookie",
    "cookie": "teal=cookie-4you",
    "client": "21vherons3clientid9x",
    "ext": "ibisExtCr3dentials",
    "csrf": "0b6f-crane-7token-csrf",
    "bearer": "mF_9.B5f-4.1JqMstork",
    "api key": "AKIAstorkKEY0123",
    "ssid": "swan-ssid-000017",
    "digest": "6629fae49393a05397450978507c4ef1",
    "query": "tok-finch/query+9==",
    "referer": "tok-finch-referer-8",
    "nested": "tok-finch-nested-77",
    "twice": "tok-finch-twice-6",
    "path": "jsess-finch-path-55",
    "message": "tok-finch-frame-4",
    "string": "tok-finch-inner-33",
    "xml": "owl-xml-s3cret",
    "cut": "owl-cut-s3cret",
    "script": "owl-script-s3cret",
    "zipped": "owl-zipped-s3cret",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwdWZmaW4ifQ.cHVmZmluLXNpZ24",
    "key": "MIIEpAIBAAKCAQEAcassowarykey",
    "number": "908172635445",
}
PERSONS = {
    "user": "quentinax",
    "nickname": "Quentinax",
    "agent": "Ostrowiak",
    "agent mail": "q.ostrowiak@parrotcorp.de",
    "agent phone": "+49 (30) 918-27364",
    "first": "Zoltánka",
    "last": "Berencsizy",
    "mail": "zb+shop@magpiemail.hu",
    "phone": "0036 20 564 7382",
    "street": "Wagtail Crescent 47b",
    "birthday": "1971-11-23",
    "account": "ACC-7741-992013",
    "card": "4556 7375 8689 9855",
    "loyalty": "LY88420017",
    "subject": "Broken nightjar feeder",
    "question": "my bittern parcel never arrived",
    "reply": "I am checking the bittern parcel",
    "note": "prefers whimbrel deliveries",
    "notice": "callback requested by plover desk",
    "stray mail": "jackdaw@crakehost.org",
    "stray phone": "+44 20 79460123",
}
CANARIES = SECRETS | PERSONS
assert len(CANARIES) >= 40


def packed(data: bytes, encoding: str) -> bytes:
    match encoding:
        case "gzip":
            return gzip.compress(data)
        case "deflate":
            return zlib.compress(data)
        case "br":
            return bytes(import_module("brotli").compress(data))
        case "zstd":
            return bytes(import_module("zstandard").ZstdCompressor().compress(data))
    return data


def user() -> dict[str, Any]:
    return {
        "id": "5f2a6c0d9b1e4c37a8d40be6127f93c1",
        "userName": PERSONS["user"],
        "firstName": PERSONS["nickname"],
        "lastName": PERSONS["agent"],
        "emailAddress": PERSONS["agent mail"],
        "devices": [{"deviceState": "Active", "phoneNumber": PERSONS["agent phone"]}],
        "settings": json.dumps({"token": SECRETS["string"]}),
        "pin": int(SECRETS["number"]),
        "path": "/users/" + PERSONS["user"],
    }


def chat(state: str, *participants: dict[str, Any]) -> dict[str, Any]:
    api = "http://localhost:8080/api/v2"
    once = quote(f"https://sso/?access_token={SECRETS['nested']}", safe="")
    twice = quote(quote(f"https://sso/?token={SECRETS['twice']}", safe=""), safe="")
    return {
        "id": CHAT,
        "state": state,
        "uri": f"{api}/chats/{CHAT}",
        "participants": participants,
        "subject": PERSONS["subject"],
        "userData": {
            "FirstName": PERSONS["first"],
            "LastName": PERSONS["last"],
            "EmailAddress": PERSONS["mail"],
            "PhoneNumber": PERSONS["phone"],
            "Street": PERSONS["street"],
            "Birthday": PERSONS["birthday"],
            "Account": PERSONS["account"],
            "Loyalty": PERSONS["loyalty"],
        },
        "next": f"{api}/go?next={once}",
        "back": f"{api}/go?back={twice}",
        "crm": f"https://crm:{SECRETS['url']}@crm.parrotcorp.de/x",
        "legacy": "go/" + quote(f"https://crm:{SECRETS['encoded url']}@crm/", safe=""),
    }


def participant(kind: str) -> dict[str, Any]:
    name, known = (PERSONS["nickname"], AGENT) if kind == "Agent" else (PERSONS["first"], CUSTOMER)
    return {"type": kind, "nickname": name, "participantId": known}


def change(told: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messageType": "ChatStateChangeMessage", "notificationType": "StatusChange", "chat": told, **more}


def log(*texts: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "messageType": "MessageLogUpdated",
        "notificationType": "NewMessages",
        "chatUri": f"http://localhost:8080/api/v2/chats/{CHAT}",
        "messages": [
            {"index": number, "type": "Text", "from": participant(who), field: text, "visibility": "All"}
            for number, (who, field, text) in enumerate(texts, 1)
        ],
    }


# A name in a text stands before the field that tells whose it is.
INVITED = [
    {"messageType": "Alert", "title": f"{PERSONS['last']} ({PERSONS['stray mail']}) asks"},
    change(chat("Invited")),
]
ACCEPTED = [
    change(chat("Chatting", participant("Agent"), participant("Customer")), referenceId=17),
    log(
        ("Customer", "text", f"Here is {PERSONS['last']}: {PERSONS['question']}"),
        ("Customer", "text", f"I pay with {PERSONS['card']} or {PERSONS['stray phone']}"),
        ("Agent", "noticeText", PERSONS["notice"]),
    ),
    {"messageType": "Alert", "title": f"{PERSONS['first']} {PERSONS['last']} waits", "note": PERSONS["note"]},
]
SAID = [{"token": SECRETS["message"], **log(("Agent", "text", PERSONS["reply"]))}]


class Centre:
    """Answers REST requests, polls and frames; compresses what it says over HTTP."""

    def __init__(self, encoding: str = "") -> None:
        self._encoding = encoding
        self._events: asyncio.Queue[list[dict[str, Any]]] = asyncio.Queue()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/cometd/ws":
            return await self._socket(request)
        if request.path.startswith("/cometd"):
            messages = json.loads(await request.read())
            return self._answer([each for said in messages for each in await self._bayeux(said)])
        return self._rest(request, (await request.read()).decode("utf-8", "replace"))

    def _rest(self, request: web.Request, body: str) -> web.Response:
        match request.path.split(";")[0]:
            case "/api/v2/me":
                answer = self._answer({"statusCode": 0, "user": user()})
                answer.set_cookie("JSESSIONID", SECRETS["session"], path="/")
                answer.headers["X-CSRF-HEADER"], answer.headers["X-CSRF-TOKEN"] = (
                    "X-CSRF-TOKEN",
                    SECRETS["csrf"],
                )
                return answer
            case "/xml":
                return self._answer(
                    f"<a><j:password x='1'>{SECRETS['xml']}</j:password></a>", kind="text/xml"
                )
            case "/script":
                return self._answer(
                    f"<script>var csrfToken = '{SECRETS['script']}';</script>", kind="text/html"
                )
            case "/cut":
                return self._answer(
                    f'{{"a": [1, {{"secret": "{SECRETS["cut"]}", "firstName": "{PERSONS["first"]}'
                )
            case "/error":
                said = f"no {PERSONS['last']} for {PERSONS['user']}, Bearer {SECRETS['bearer']}"
                return self._answer(
                    {"statusCode": 4, "statusMessage": said, "password": SECRETS["error"]}, 500
                )
            case "/key":
                key = f"-----BEGIN RSA PRIVATE KEY-----\n{SECRETS['key']}\n-----END RSA PRIVATE KEY-----"
                found = [{"lastName": PERSONS["last"]}]
                return self._answer({"contacts": found, "use": key, "about": f"use {SECRETS['jwt']}"})
        if '"Accept"' in body or "SendMessage" in body:
            self._events.put_nowait(ACCEPTED if '"Accept"' in body else SAID)
        return self._answer({"statusCode": 0})

    async def _bayeux(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        told = {"channel": said["channel"], "id": said.get("id"), "successful": True}
        match said["channel"]:
            case "/meta/handshake":
                return [told | {"clientId": SECRETS["client"], "version": "1.0"}]
            case "/meta/subscribe":
                self._events.put_nowait(INVITED)
                return [told | {"subscription": said["subscription"]}]
            case "/meta/connect":
                events = await self._events.get()
                return [*({"channel": CHANNEL, "data": each} for each in events), told]
        return [told]

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        opened = web.WebSocketResponse()
        await opened.prepare(request)
        async for frame in opened:
            for said in json.loads(frame.data):
                await opened.send_str(json.dumps(await self._bayeux(said)))
        return opened

    def _answer(self, body: Any, status: int = 200, kind: str = "application/json") -> web.Response:
        data = body if isinstance(body, str) else json.dumps(body, ensure_ascii=self._encoding == "")
        headers = {"Content-Encoding": self._encoding} if self._encoding else {}
        packed_data = packed(data.encode(), self._encoding)
        return web.Response(status=status, body=packed_data, headers=headers, content_type=kind)


def bayeux() -> list[list[dict[str, Any]]]:
    """What a client says, batch by batch; each connect brings events."""
    client = {"clientId": SECRETS["client"]}
    ext = {"authentication": {"credentials": SECRETS["ext"]}}
    return [
        [{"channel": "/meta/handshake", "id": "1", "version": "1.0", "ext": ext}],
        [{"channel": "/meta/subscribe", "id": "2", "subscription": CHANNEL, **client}],
        *([{"channel": "/meta/connect", "id": str(n), "connectionType": "x", **client}] for n in (3, 4, 5)),
        [{"channel": "/meta/disconnect", "id": "6", **client}],
    ]


def accept_and_say(client: httpx.Client, number: int) -> None:
    """What the agent does after so many polls."""
    if number == 2:
        client.post(
            f"/api/v2/me/chats/{CHAT}", json={"operationName": "Accept", "nickname": PERSONS["nickname"]}
        )
    if number == 3:
        client.post(
            f"/api/v2/me/chats/{CHAT}", json={"operationName": "SendMessage", "text": PERSONS["reply"]}
        )


def around(client: httpx.Client) -> None:
    """Everything a desktop does that is no chat."""
    client.cookies.set("BAYEUX_BROWSER", SECRETS["browser"])
    client.cookies.set("extra", quote(SECRETS["cookie"]))
    client.get("/api/v2/me", headers={"Authorization": basic(PERSONS["user"], SECRETS["basic"])})
    client.post("/api/v2/me", json={"operationName": "Ready"}, headers={"X-CSRF-TOKEN": SECRETS["csrf"]})
    # That this is somebody's name is told by the answer.
    asked = {"access_token": SECRETS["query"], "email": PERSONS["mail"], "q": PERSONS["last"]}
    client.get("/key", params=asked)
    bearer = {"Authorization": "Bearer " + SECRETS["bearer"], "X-Api-Key": SECRETS["api key"]}
    client.get("/error", headers=bearer)
    client.get("/xml", headers={"SSID": SECRETS["ssid"], "Referer": f"http://x/?token={SECRETS['referer']}"})
    client.get("/script", headers={"Authorization": f'Digest username="x", response="{SECRETS["digest"]}"'})
    client.get("/cut;jsessionid=" + SECRETS["path"])
    client.get(f"/api/v2/users/{PERSONS['user']}", params={"phoneNumber": PERSONS["phone"]})
    client.post("/login", data={"j_username": PERSONS["user"], "j_password": SECRETS["form"]})
    zipped = gzip.compress(json.dumps({"secret": SECRETS["zipped"], "comment": PERSONS["note"]}).encode())
    client.post(
        "/log", content=zipped, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}
    )


def over_polls(url: str) -> None:
    """The whole story over long polling."""
    with httpx.Client(base_url=url) as client:
        around(client)
        for number, batch in enumerate(bayeux()):
            client.post("/cometd", json=batch)
            accept_and_say(client, number)


async def _over_frames(url: str, client: httpx.Client) -> None:
    async with ClientSession() as session, session.ws_connect(f"{url}/cometd/ws") as opened:
        for number, batch in enumerate(bayeux()):
            await opened.send_str(json.dumps(batch))
            await opened.receive()
            await asyncio.to_thread(accept_and_say, client, number)


def over_frames(url: str) -> None:
    """The whole story over a WebSocket."""
    with httpx.Client(base_url=url) as client:
        around(client)
        asyncio.run(_over_frames(url, client))
