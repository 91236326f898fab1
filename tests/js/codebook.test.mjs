import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Codebook } from "../../pages/components/codebook.js";

const real = globalThis.fetch;
afterEach(() => (globalThis.fetch = real));

/** A server whose code of row i is (i, -i); it may refuse some calls. */
function serve(refuse = () => false) {
  const asked = [];
  globalThis.fetch = async (url, { body } = {}) => {
    asked.push(body ? [...body] : "all");
    if (refuse(asked.length)) return new Response(JSON.stringify({ error: "not now" }), { status: 503 });
    const rows = body ? [...body] : [0, 1, 2];
    return new Response(Float32Array.from(rows.flatMap((row) => [row, -row])).buffer);
  };
  return asked;
}
const book = (n) => new Codebook({ model: "a", n, dims: 2, onError: assert.fail });

test("few codes come at once; one that failed is asked for again", async () => {
  const asked = serve((call) => call === 1);
  const codes = book(3);
  await assert.rejects(codes.load(), /not now/);
  assert.deepEqual([...(await codes.of([2]))[0]], [2, -2]);
  assert.deepEqual(asked, ["all", "all"]);
  assert.deepEqual([...codes.get(1)], [1, -1]);
});

test("of very many codes those asked for come, also while others are asked for", async () => {
  serve();
  const codes = book(100_000_000);
  const rows = Uint32Array.from({ length: 7000 }, (_, i) => i);
  const [many, [one]] = await Promise.all([codes.of(rows), codes.of([90_000_000])]);
  assert.ok(many.every((code, i) => code[0] === i));
  assert.equal(one[0], 90_000_000);
});
