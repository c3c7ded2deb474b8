// A client of the zoo that is started anew for each wish: one film of a task interface, over the fetch of Node alone, with care.
//
//     BASE_URL=… API_KEY=… node node_client.mjs "a cat"
const base = process.env.BASE_URL, key = process.env.API_KEY;
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
class Problem extends Error {}
const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
async function json(res) { try { return JSON.parse(await res.text()); } catch { return undefined; } }
async function create(prompt) {
  const res = await fetch(`${base}/v1/videos`, { method: "POST", headers, redirect: "manual", signal: AbortSignal.timeout(4000),
    body: JSON.stringify({ model: "happyhorse-1.0-t2v", input: { prompt }, parameters: { resolution: "720P", duration: 3, ratio: "16:9", watermark: false } }) });
  const body = await json(res);
  const id = body?.task_id ?? body?.id;
  if (!res.ok || body?.error || typeof id !== "string" || !id) throw new Problem(`create refused: ${res.status}`);
  return id;
}
async function poll(id) {
  let errors = 0;
  const end = Date.now() + 10000;
  for (;;) {
    let wait = 200;
    try {
      const res = await fetch(`${base}/v1/videos/${id}`, { headers, redirect: "manual", signal: AbortSignal.timeout(3000) });
      if ([401, 402, 403, 404, 400].includes(res.status)) throw new Problem(`poll refused: ${res.status}`);
      const body = await json(res);
      if (!res.ok || typeof body !== "object" || body === null || body.status === undefined) {
        if (++errors > 5) throw new Problem("polls keep failing");
        const after = Number(res.headers.get("retry-after"));
        wait = after > 0 ? after * 1000 : 300 * errors;
      } else {
        errors = 0;
        if (body.status === "completed") {
          const url = body.metadata?.url;
          if (typeof url !== "string" || !/^https?:/.test(url)) throw new Problem("completed, but no url");
          return url;
        }
        if (["failed", "cancelled", "expired"].includes(body.status)) throw new Problem(`task ${body.status}: ${body.error?.message ?? ""}`);
      }
    } catch (e) {
      if (e instanceof Problem) throw e;
      if (++errors > 5) throw new Problem(`polls keep failing: ${e.message}`);
    }
    if (Date.now() + wait > end) throw new Problem("took too long");
    await sleep(wait);
  }
}
async function load(url) {
  const res = await fetch(url, { signal: AbortSignal.timeout(5000) });
  if (!res.ok || !(res.headers.get("content-type") ?? "").startsWith("video/")) throw new Error(`file: ${res.status}`);
  const bytes = new Uint8Array(await res.arrayBuffer());
  const want = res.headers.get("content-length");
  if (want && Number(want) !== bytes.length) throw new Error("file broke off");
  return bytes.length;
}
try {
  const id = await create(process.argv[2]);
  const url = await poll(id);
  let size;
  try { size = await load(url); } catch { size = await load(await poll(id)); }
  console.log(JSON.stringify({ ok: true, size }));
} catch (e) {
  console.error(`error: ${e.message}`);
  process.exitCode = 1;
}
