# node: objects, buffers, JSON, compression and a worker thread.
cat >work.js <<'EOF'
const { createHash } = require('crypto');
const { deflateSync, inflateSync } = require('zlib');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const work = (seed) => {
  const rows = [];
  for (let i = 0; i < 20000; ++i) {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    rows.push({ id: i, name: 'x'.repeat(seed % 30), tags: [seed % 7, seed % 11] });
  }
  const text = JSON.stringify(rows.filter((row) => row.tags[0] !== 3));
  const packed = deflateSync(Buffer.from(text));
  const same = inflateSync(packed).toString() === text;
  return `${createHash('sha256').update(text).digest('hex')} ${same}`;
};
if (isMainThread) {
  console.log(work(1));
  const buffers = Array.from({ length: 200 }, (_, i) => Buffer.alloc(i * 1000, i));
  console.log(buffers.reduce((sum, b) => sum + b.length + (b[0] || 0), 0));
  new Worker(__filename).on('message', (text) => console.log(text));
} else {
  parentPort.postMessage(work(2));
}
EOF
node work.js
