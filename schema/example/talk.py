"""Asks Crest a question and prints the answer: python talk.py [http://127.0.0.1:8080] [question]

Needs `pip install websockets msgpack`. Everything it does is explained in ../PROTOCOL.md.
"""
import asyncio, json, os, random, sys, time, urllib.request
import msgpack, websockets

HELLO, SEND, ACK, ERROR, BYE, ROUTED, ATTACHED, EVENT, GAP = 1, 3, 66, 68, 69, 70, 71, 72, 73
BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
QUESTION = sys.argv[2] if len(sys.argv) > 2 else "怎么退定金？"

visitor = {}  # makes the next ticket one of the same visitor
seen = {}     # conversation -> seq of its newest event we have
pending = {os.urandom(16): {"text": QUESTION}}  # said, but not yet known to be stored

def ticket():
    wanted = json.dumps({"tenant": "demo", "channel": "web", **visitor}).encode()
    request = urllib.request.Request(BASE + "/v1/tickets", wanted, {"content-type": "application/json"})
    answer = json.load(urllib.request.urlopen(request, timeout=10))
    visitor.update({"visitor": answer["visitor"]} if "visitor" in answer else {})
    return answer["ticket"]

async def talk():
    """One connection; returns the bot's answer, or None if the connection ended before it."""
    async with websockets.connect(BASE.replace("http", "ws", 1) + "/ws", subprotocols=["crest.v1.msgpack"]) as socket:
        say = lambda kind, ref, **body: socket.send(msgpack.packb([kind, ref, body]))
        resume = [{"conversation": c, "after": seq} for c, seq in seen.items()]
        await say(HELLO, 0, ticket=await asyncio.to_thread(ticket), resume=resume)
        conversation, last, spoken = None, None, False  # speak once, when events are here up to `last`
        async for frame in socket:
            kind, _, body = msgpack.unpackb(frame)
            if kind == ROUTED:
                conversation, last = body.get("conversation"), None if "conversation" in body else 0
            elif kind == ATTACHED:
                conversation, last = body["conversation"], body["last"]
            elif kind == ACK:
                pending.pop(body.get("id"), None)
            elif kind == ERROR and not body["temporary"] or kind == BYE and body["code"] >= 4500:
                sys.exit(body.get("message") or body["reason"])
            elif kind == ERROR:
                raise OSError(body["message"])
            elif kind in (EVENT, GAP):
                seen[body["conversation"]] = body["seq"] if kind == EVENT else body["to"]
                if isinstance(event := body.get("event"), dict) and (message := event.get("message")):
                    pending.pop(message.get("id"), None)
                    if message["from"] == "bot" and not pending:
                        return message["body"].get("text") or message["body"]
            if not spoken and last is not None and seen.get(conversation, 0) >= last:
                spoken = True  # what is still pending was not stored
                for ref, (id, said) in enumerate(pending.items(), 1):
                    await say(SEND, ref, id=id, body=said)

for attempt in range(10):
    try:
        if answer := asyncio.run(talk()):
            sys.exit(print(answer))
    except (OSError, websockets.WebSocketException) as lost:
        print(f"connection lost ({lost}), coming back", file=sys.stderr)
    time.sleep(random.uniform(0, min(30, 0.5 * 2**attempt)))
sys.exit("no answer")
