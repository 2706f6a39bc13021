import { percent, significant, time } from '../../src/core/report/format.ts';
import type { KernelBound, ProfileReport, Roofline } from '../../src/core/report/profile-report.ts';
import { type Part, Stack } from '../charts/bars.tsx';
import { RooflineChart, type RooflinePoint } from '../charts/roofline.tsx';
import { t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Section } from '../widgets/section.tsx';

const bounds: readonly {
  readonly bound: KernelBound;
  readonly label: string;
  readonly tone: 'main' | 'second' | 'rest';
}[] = [
  { bound: 'compute', label: t('Limited by arithmetic'), tone: 'main' },
  { bound: 'memory', label: t('Limited by memory'), tone: 'second' },
  { bound: 'overhead', label: t('Too small for either'), tone: 'rest' },
];

/** What limits the kernels, and how near they come to what the machine can do. */
export function RooflineSection({
  state,
  report,
  roofline,
}: {
  readonly state: State;
  readonly report: ProfileReport;
  readonly roofline: Roofline;
}) {
  const msOf = ({ kernel }: { readonly kernel: number }) => report.kernels[kernel]!.milliseconds;
  const points = roofline.kernels.flatMap((placed): RooflinePoint[] => {
    if (placed.macs === 0) return [];
    const {
      name,
      opType,
      nodes: [node],
    } = report.kernels[placed.kernel]!;
    const label = name === '' ? opType : `${opType} ${name}`;
    return [
      {
        ...placed,
        key: String(placed.kernel),
        label,
        milliseconds: msOf(placed),
        ...(node === undefined ? {} : { node }),
      },
    ];
  });
  const idle = roofline.kernels.filter(({ macs }) => macs === 0);
  const idleMs = idle.reduce((sum, placed) => sum + msOf(placed), 0);
  const idleBytes = idle.reduce((sum, { bytes }) => sum + bytes, 0);
  const { fp16Gflops, int8Gops, unjudged = [] } = roofline;
  const unjudgedMs = unjudged.reduce((sum, kernel) => sum + msOf({ kernel }), 0);
  const total = roofline.kernels.reduce((sum, placed) => sum + msOf(placed), 0) + unjudgedMs;
  const [hasInt8, hasHalf] = (['int8', 'float16'] as const).map((own) =>
    roofline.kernels.some(({ arithmetic }) => arithmetic === own),
  );
  const parts: Part[] = bounds.map(({ bound, label, tone }) => {
    const value = roofline.kernels.reduce((sum, placed) => sum + (placed.bound === bound ? msOf(placed) : 0), 0);
    return { label, value, text: `${time(value)}  ${percent(value / total)}`, tone };
  });
  if (unjudgedMs > 0) {
    const text = `${time(unjudgedMs)}  ${percent(unjudgedMs / total)}`;
    parts.push({ label: t('Not judged'), value: unjudgedMs, text, tone: 'rest' });
  }
  return (
    <Section title={t('What limits it')}>
      <Stack label={t('Kernel time by what limits it')} parts={parts} />
      {points.length > 0 && (
        <RooflineChart
          ceilings={roofline}
          heights={[roofline.gflops, hasHalf && fp16Gflops, hasInt8 && int8Gops].filter(
            (height) => typeof height === 'number',
          )}
          points={points}
          selected={state.selected.value}
          onSelect={({ node }) => node !== undefined && void state.reveal(node)}
        />
      )}
      <p class="quiet">
        {t(
          'This machine does {0} GFLOP/s and {1} GB/s through ONNX Runtime, and takes {2} for a kernel with nothing to do.',
          significant(roofline.gflops),
          significant(roofline.gbPerSecond),
          time(roofline.callMs),
        )}{' '}
        {int8Gops !== undefined &&
          hasInt8 &&
          t('In int8 it does {0} GOP/s; kernels of int8 are held against that.', significant(int8Gops))}{' '}
        {fp16Gflops !== undefined &&
          hasHalf &&
          t('In float16 it does {0} GFLOP/s; kernels of float16 are held against that.', significant(fp16Gflops))}{' '}
        {unjudgedMs > 0 && t('Not judged is what has no ceiling here, or whose work is not known.')}{' '}
        {idleMs > 0 &&
          t(
            'Kernels that only move or change data take {0}, at {1} GB/s.',
            time(idleMs),
            significant(idleBytes / (idleMs * 1e6)),
          )}
      </p>
    </Section>
  );
}
