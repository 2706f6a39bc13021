/**
 * Writes src/core/rules/kernels/cpu.ts: what element types the CPU kernels of ONNX Runtime take. Needs Python with
 * `onnx` and the `onnxruntime` of the version that Opscope ships:
 *
 *     OPSCOPE_PYTHON=python3 node scripts/kernels.ts
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Kernel = Readonly<Record<string, readonly string[]>>;

const json = execFileSync(process.env.OPSCOPE_PYTHON ?? 'python3', [join(import.meta.dirname, 'kernels.py')], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const operators = JSON.parse(json) as [name: string, versions: [since: number, kernels: Kernel[]][]][];
const lines = operators.flatMap(([name, versions]) => {
  const told = versions.map(([since, kernels]) => [since, kernelsText(kernels)] as const);
  const changes = told.filter(([, text], index) => text !== told[index - 1]?.[1]);
  return changes.every(([, text]) => text === 'any')
    ? []
    : [[name, ...changes.map(([since, text]) => `${since} ${text}`)].join(' | ')];
});
writeFileSync(
  join(import.meta.dirname, '../src/core/rules/kernels/cpu.ts'),
  `// Written by scripts/kernels.ts.

/**
 * What element types ONNX Runtime's CPU kernels take, a line an operator of ai.onnx: its versions by the operator set
 * that they hold from, each with its kernels. \`i0\` is the first input, \`o0\` the first output; \`any\` takes whatever the
 * operator does, \`none\` says that there is no kernel. An operator that is not here has a kernel for everything, or is
 * defined by other operators.
 */
export const cpuKernels = \`
${lines.join('\n')}
\`;
`,
);

/** Kernels that differ in one position alone are one that takes the types of all. */
function kernelsText(kernels: readonly Kernel[]): string {
  if (kernels.length === 0) return 'none';
  if (kernels.some((kernel) => Object.keys(kernel).length === 0)) return 'any';
  const positions = [...new Set(kernels.flatMap((kernel) => Object.keys(kernel)))];
  const all = positions.length > 1 ? kernels : [{ [positions[0]!]: kernels.flatMap((each) => each[positions[0]!]!) }];
  return all.map(kernelText).join(' ');
}

function kernelText(kernel: Kernel): string {
  return Object.entries(kernel)
    .map(([position, types]) => `${position}:${types.map(dataType).join(',')}`)
    .join(';');
}

/** ONNX's names of types, as Opscope has them. */
function dataType(name: string): string {
  return name === 'float' ? 'float32' : name === 'double' ? 'float64' : name;
}
