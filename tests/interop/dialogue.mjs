// The conversation with the test that runs a script: the script prints one JSON line with an address to open in
// the person's browser, the test answers with one JSON line that says where the browser ended.
import { webcrypto } from 'node:crypto';
import { createInterface } from 'node:readline';

// Debian 12 has Node 18, which does not yet put Web Crypto where both packages look for it.
globalThis.crypto ??= webcrypto;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export const settings = JSON.parse(process.env.INTEROP_SETTINGS);

// With `until` the person goes on at our own pages up to an address that begins so, else up to a callback.
export async function openInBrowser(url, until = null) {
  process.stdout.write(`${JSON.stringify({ open: String(url), until })}\n`);
  const { value, done } = await lines.next();
  if (done) throw new Error('the test hung up');
  return new URL(JSON.parse(value).landed);
}

export function finish(result) {
  process.stdout.write(`${JSON.stringify({ result })}\n`);
  process.exit(0);
}
