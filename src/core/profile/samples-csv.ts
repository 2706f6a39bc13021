/** Timed runs as a CSV table, in the order they were made: their number from 1, their time in milliseconds. */
export function samplesCsv(samples: readonly number[]): string {
  return `run,milliseconds\n${samples.map((sample, index) => `${index + 1},${sample}\n`).join('')}`;
}
