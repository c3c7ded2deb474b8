"""A client of Juhuo that stays: told each wish as a line of JSON, answers with one."""

import json
import sys
import time
import urllib.request


def ask(wish: dict, method: str, path: str, body: dict | None = None) -> dict:
    request = urllib.request.Request(
        wish["base_url"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {wish['api_key']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        said = json.load(answer)
    if said.get("code") != "200":
        raise RuntimeError(said.get("message"))
    return said["result"]


def fulfil(wish: dict) -> str:
    task = ask(wish, "POST", "/open-api/v1/video/submit", {"prompt": wish["prompt"], "duration": 4})
    for _ in range(60):
        state = ask(wish, "GET", f"/open-api/v1/video/task/{task['taskId']}")
        if state["status"] == "success":
            return state["outputUrl"]
        if state["status"] == "fail":
            raise RuntimeError(state["errorMsg"])
        time.sleep(0 if wish["hurry"] else 5)
    raise RuntimeError("not done in time")


for line in sys.stdin:
    wish = json.loads(line)
    try:
        word = {"ok": True, "result": fulfil(wish)}
    except Exception as error:
        word = {"ok": False, "error": str(error)}
    print(json.dumps({"run": wish["run"], **word}), flush=True)
