import { english } from '../english.ts';
import type { SweepSettings } from '../report/profile-report.ts';
import type { ReportedValue } from '../report/report.ts';
import { literal, sessionSnippets } from '../report/session-snippets.ts';
import { ExportError, type ExportedModel } from './exported-model.ts';

/** Whole programs that load a model, run it once on zeros and print what comes out. */
export interface Programs {
  readonly python: string;
  readonly javascript: string;
  readonly csharp: string;
}

/** An element type in the three languages; undefined: ONNX Runtime has no such tensors there. */
interface Element {
  readonly numpy: string;
  /** An array of n elements in JavaScript. */
  readonly javascript: ((n: number) => string) | undefined;
  readonly csharp: string;
}

const typedArray = (name: string) => (n: number) => `new ${name}(${n})`;

const elements: Readonly<Record<string, Element>> = {
  bool: { numpy: 'np.bool_', javascript: typedArray('Uint8Array'), csharp: 'bool' },
  uint8: { numpy: 'np.uint8', javascript: typedArray('Uint8Array'), csharp: 'byte' },
  int8: { numpy: 'np.int8', javascript: typedArray('Int8Array'), csharp: 'sbyte' },
  uint16: { numpy: 'np.uint16', javascript: typedArray('Uint16Array'), csharp: 'ushort' },
  int16: { numpy: 'np.int16', javascript: typedArray('Int16Array'), csharp: 'short' },
  uint32: { numpy: 'np.uint32', javascript: typedArray('Uint32Array'), csharp: 'uint' },
  int32: { numpy: 'np.int32', javascript: typedArray('Int32Array'), csharp: 'int' },
  uint64: { numpy: 'np.uint64', javascript: typedArray('BigUint64Array'), csharp: 'ulong' },
  int64: { numpy: 'np.int64', javascript: typedArray('BigInt64Array'), csharp: 'long' },
  float16: {
    numpy: 'np.float16',
    javascript: (n) => `new (globalThis.Float16Array ?? Uint16Array)(${n})`,
    csharp: 'Float16',
  },
  float32: { numpy: 'np.float32', javascript: typedArray('Float32Array'), csharp: 'float' },
  float64: { numpy: 'np.float64', javascript: typedArray('Float64Array'), csharp: 'double' },
  string: { numpy: 'np.str_', javascript: (n) => `new Array(${n}).fill('')`, csharp: 'string' },
};

/** ONNX Runtime's own choice of everything but the provider. */
const defaults: SweepSettings = { provider: 'cpu', threads: 0, level: 'all', dims: {} };

/**
 * Programs for `onnxruntime` in Python, Node and .NET, with the session options that were measured best. Symbolic
 * dimensions get the measured sizes, else 1. Throws an `ExportError` when an input is not a tensor they can make.
 */
export function programs(model: Pick<ExportedModel, 'inputs' | 'outputs' | 'measured'>, path: string): Programs {
  const settings = model.measured?.settings ?? defaults;
  const inputs = model.inputs.map((value) => inputOf(value, settings.dims));
  const session = sessionSnippets(settings, path);
  const lines = (...all: readonly string[]) => `${all.join('\n')}\n`;
  return {
    python: lines(
      'import numpy as np',
      session.python,
      '',
      'inputs = {',
      ...inputs.map(({ name, dims, numpy }) => `    ${literal(name)}: np.zeros(${tuple(dims)}, ${numpy}),`),
      '}',
      'outputs = session.run(None, inputs)',
      'for about, value in zip(session.get_outputs(), outputs):',
      '    print(about.name, getattr(value, "dtype", type(value)), getattr(value, "shape", ""))',
    ),
    javascript: lines(
      session.javascript,
      '',
      'const inputs = {',
      ...inputs.map(
        ({ name, dtype, dims, array }) =>
          `  ${literal(name)}: new ort.Tensor('${dtype}', ${array}, [${dims.join(', ')}]),`,
      ),
      '};',
      'const outputs = await session.run(inputs);',
      'for (const [name, { type, dims }] of Object.entries(outputs)) console.log(name, type, dims);',
    ),
    csharp: lines(
      'using Microsoft.ML.OnnxRuntime;',
      'using Microsoft.ML.OnnxRuntime.Tensors;',
      '',
      session.csharp,
      '',
      'var inputs = new List<NamedOnnxValue>',
      '{',
      ...inputs.map(
        ({ name, dims, csharp }) =>
          `    NamedOnnxValue.CreateFromTensor(${literal(name)}, new DenseTensor<${csharp}>(new int[] { ${dims.join(', ')} })),`,
      ),
      '};',
      'using var outputs = session.Run(inputs);',
      'foreach (var output in outputs) Console.WriteLine($"{output.Name} {output.ElementType}");',
    ),
  };
}

function inputOf({ name, dtype, shape }: ReportedValue, sizes: Readonly<Record<string, number>>) {
  const element = elements[dtype];
  if (!element?.javascript || shape === null) {
    const what =
      shape === null ? english`its rank is not known` : english`${dtype || english`its type`} is not made there`;
    throw new ExportError(english`A program that runs needs every input: ${name} cannot be given, ${what}.`);
  }
  const dims = shape.map((dim) => (typeof dim === 'number' ? dim : Object.hasOwn(sizes, dim) ? sizes[dim]! : 1));
  const size = dims.reduce((product, dim) => product * dim, 1);
  return { name, dtype, dims, numpy: element.numpy, csharp: element.csharp, array: element.javascript(size) };
}

const tuple = (dims: readonly number[]): string => `(${dims.join(', ')}${dims.length === 1 ? ',' : ''})`;
