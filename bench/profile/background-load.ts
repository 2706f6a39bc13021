// Keeps one core busy for random stretches, as neighbours on a shared machine do. Ends with its parent.
process.once('disconnect', () => process.exit(0));
const pause = new Int32Array(new SharedArrayBuffer(4));
function work(): void {
  const until = performance.now() + 20 + Math.random() * 400;
  let sum = 0;
  while (performance.now() < until) for (let index = 0; index < 1e5; index++) sum += Math.sqrt(index);
  Atomics.wait(pause, 0, sum === -1 ? 1 : 0, 20 + Math.random() * 400);
  setImmediate(work);
}
work();
