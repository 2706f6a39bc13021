import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createTraceReader, readTrace, type Trace } from '../core/profile/trace.ts';

/** A trace that something else wrote anew, on one line or many, is read as a whole up to this size. */
const mostReformattedBytes = 64 << 20;
const lineEnd = '\n'.charCodeAt(0);

/** Reads traces of sessions of one model from their files, piece by piece: they may be larger than a string can be. */
export async function readTraceFile(path: string): Promise<Trace> {
  const reader = createTraceReader();
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const end = chunk.lastIndexOf(lineEnd) + 1;
    if (end > 0) {
      reader.lines(Buffer.concat([...rest, chunk.subarray(0, end)]));
      rest = [];
      restBytes = 0;
    }
    // No event is as long as that.
    if (restBytes + chunk.length - end > mostReformattedBytes) break;
    rest.push(chunk.subarray(end));
    restBytes += chunk.length - end;
  }
  reader.lines(Buffer.concat(rest));
  const trace = reader.finish();
  if (trace.runs.length > 0 || (await stat(path)).size > mostReformattedBytes) return trace;
  return readTrace(await readFile(path, 'utf8'));
}

/** Joins traces of several sessions of the same model: kernels that are the same become one. */
export function joinTraces(traces: readonly Trace[]): Trace {
  const [first, ...others] = traces;
  if (!first) throw new RangeError('There are no traces to join.');
  if (others.length === 0) return first;
  const kernels = [...first.kernels];
  const places = new Map<string, number>();
  const keyOf = (parent: number, { name, index }: { name: string; index: number }) => `${parent}/${index}/${name}`;
  for (const [place, kernel] of kernels.entries()) places.set(keyOf(kernel.parent, kernel), place);
  const runs = [...first.runs];
  for (const trace of others) {
    const placeOf = new Uint32Array(trace.kernels.length);
    for (const [index, kernel] of trace.kernels.entries()) {
      const parent = kernel.parent < 0 ? -1 : placeOf[kernel.parent]!;
      const key = keyOf(parent, kernel);
      let place = places.get(key);
      if (place === undefined) {
        place = kernels.push({ ...kernel, parent }) - 1;
        places.set(key, place);
      }
      placeOf[index] = place;
    }
    for (const run of trace.runs) runs.push({ ...run, kernel: run.kernel.map((place) => placeOf[place]!) });
  }
  const unread = traces.reduce((sum, trace) => sum + trace.unread, 0);
  return { kernels, runs, gpuTimes: first.gpuTimes, unread, sessionMs: first.sessionMs };
}
