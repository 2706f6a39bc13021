/** What a file may take in memory, and what the parts of a model count for. */

/**
 * Bytes that the structure of a model, everything but the payloads of large tensors, may take in memory: the file's
 * own bytes and an estimate of what is made from them. That of real models takes some megabytes. Half a gigabyte is
 * what reading should stay below, Node's own 50 MB and what awaits collection included.
 */
export const mostMemory = 400 * 2 ** 20;

/**
 * Estimates of the bytes that objects of each kind take without their texts and parts, spans and what looks for
 * problems included, rather too high: with them, files of nothing but one kind stay below half a gigabyte (hostile.test).
 */
export const memoryOf = {
  node: 800,
  graph: 1500,
  attribute: 200,
  values: 400,
  type: 160,
  dim: 24,
  entry: 100,
  field: 100,
  place: 20,
  bytes: 160,
  tensor: 640,
  /** Its place in a list included. */
  text: 40,
} as const;
