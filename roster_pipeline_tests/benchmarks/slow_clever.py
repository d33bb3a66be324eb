"""A server that stands for Clever at logins and answers each request after a while, for thousands at a time."""

import asyncio
import json
import sys


async def serve(district_id: str, seconds: float) -> None:
    """Print the address, and answer until the process is killed. A code and a token are the id of their person."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
                body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
                await asyncio.sleep(seconds)
                writer.write(_answer_to(head, fields, body, district_id))
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def _answer_to(head: bytes, fields: dict[bytes, bytes], body: bytes, district_id: str) -> bytes:
    if head.startswith(b"POST"):
        found: dict[str, object] = {"access_token": json.loads(body)["code"]}
    else:
        person = fields[b"authorization"].split()[1].decode()
        found = {"data": {"id": person, "district": district_id, "authorized_by": "district"}}
    content = json.dumps(found).encode()
    lines = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(content)
    return lines + content


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], float(sys.argv[2])))
