/** Timed runs as a CSV table, in the order they were made: their number from 1, their time in milliseconds. */
export function samplesCsv(samples: readonly number[]): string {
  return `run,milliseconds\n${samples.map((sample, index) => `${index + 1},${sample}\n`).join('')}`;
}

/** The same of two models that were measured in turns, with which of them it was. */
export function pairedSamplesCsv(a: readonly number[], b: readonly number[]): string {
  const rows = (model: string, samples: readonly number[]) =>
    samples.map((sample, index) => `${model},${index + 1},${sample}\n`).join('');
  return `model,run,milliseconds\n${rows('a', a)}${rows('b', b)}`;
}
