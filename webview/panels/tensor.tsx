import { useEffect, useRef, useState } from 'preact/hooks';
import type { NodeId } from '../../src/core/graph/model.ts';
import { bytes, count, percent, significant } from '../../src/core/report/format.ts';
import type { NodeValue, TensorDetails } from '../../src/protocol/worker.ts';
import { Histogram } from '../charts/histogram.tsx';
import { engineText } from '../engine-texts.ts';
import { t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Link } from '../widgets/button.tsx';
import { Facts, Fold } from '../widgets/section.tsx';
import { mostRows, VirtualList } from '../widgets/virtual-list.tsx';

interface TensorViewProps {
  readonly state: State;
  readonly node: NodeId;
  readonly value: NodeValue;
}

/** Below this many elements the values are read without being asked for. */
const readAtOnce = 100_000;
/** Up to this many elements are all written out, and need no statistics and no file. */
const listedElements = 8;

/** A constant's elements: statistics and histogram, read when asked for. */
export function TensorView({ state, node, value }: TensorViewProps) {
  const elements = value.shape?.reduce<number>((product, dim) => product * Number(dim), 1) ?? Number.POSITIVE_INFINITY;
  const [asked, setAsked] = useState(elements <= readAtOnce);
  const [tensor, setTensor] = useState<TensorDetails | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    if (!asked) return;
    const controller = new AbortController();
    const request = { version: state.detailsVersion.value!, value: value.name, node };
    state.host.tensor(request, { signal: controller.signal }).then(setTensor, (error: Error) => {
      if (!controller.signal.aborted) setProblem(error.message);
    });
    return () => controller.abort();
  }, [asked]);
  const listed = elements <= listedElements;
  return (
    <>
      {problem !== null ? (
        <p class="quiet">{engineText(problem)}</p>
      ) : tensor ? (
        <Tensor state={state} node={node} tensor={tensor} value={value} />
      ) : (
        asked && <p class="quiet">{t('Reading…')}</p>
      )}
      <div class="tensor-links">
        {!asked && <Link onClick={() => setAsked(true)}>{t('Show values')}</Link>}
        {!listed && value.dtype !== 'string' && <Export state={state} node={node} value={value} />}
      </div>
    </>
  );
}

/** Writes the elements to a file that the user is asked for. */
function Export({ state, node, value }: TensorViewProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const write = () => {
    setProblem(null);
    const request = { version: state.detailsVersion.value!, value: value.name, node };
    state.host.exportTensor(request).catch((error: Error) => setProblem(error.message));
  };
  return (
    <>
      <Link onClick={write}>{t('Export as .npy…')}</Link>
      {problem !== null && <p class="quiet">{engineText(problem)}</p>}
    </>
  );
}

function Tensor({ state, node, value, tensor }: TensorViewProps & { readonly tensor: TensorDetails }) {
  if (tensor.count <= listedElements) return <code class="elements">{tensor.values.join('  ')}</code>;
  return (
    <div class="tensor">
      {tensor.histogram.counts.length > 0 && tensor.min !== tensor.max && (
        <Histogram
          label={t('Values of {0}', tensor.name)}
          edges={tensor.histogram.edges}
          counts={tensor.histogram.counts}
        />
      )}
      <Facts
        facts={[
          [t('Elements'), `${count(tensor.count)}, ${bytes(tensor.bytes)}`],
          [t('Range'), t('{0} to {1}', significant(tensor.min), significant(tensor.max))],
          [t('Mean'), `${significant(tensor.mean)} ± ${significant(tensor.standardDeviation)}`],
          tensor.zeros > 0 && [t('Zeros'), percent(tensor.zeros)],
          tensor.nan > 0 && [t('Not a number'), percent(tensor.nan)],
          tensor.infinite > 0 && [t('Infinite'), percent(tensor.infinite)],
          [t('First'), <code class="elements">{tensor.values.slice(0, 8).join('  ')}</code>],
        ]}
      />
      <Fold title={t('All values')}>
        <Elements state={state} node={node} value={value} tensor={tensor} />
      </Fold>
    </div>
  );
}

/** Elements that are asked for at a time: a multiple of 8. */
const pageElements = 512;

/** Every element with its place, read page by page as they come into the window. */
function Elements({ state, node, value, tensor }: TensorViewProps & { readonly tensor: TensorDetails }) {
  const [pages, setPages] = useState<ReadonlyMap<number, readonly string[]>>(new Map());
  const asked = useRef(new Set<number>());
  const version = state.detailsVersion.value!;
  const ask = (page: number) => {
    if (asked.current.has(page)) return;
    asked.current.add(page);
    const request = { version, value: value.name, node, offset: page * pageElements, count: pageElements };
    state.host.tensorValues(request).then(
      (values) => setPages((known) => new Map(known).set(page, values)),
      () => asked.current.delete(page),
    );
  };
  const element = (index: number) => {
    const page = Math.floor(index / pageElements);
    const values = pages.get(page);
    if (!values) queueMicrotask(() => ask(page));
    return (
      <code class="element">
        <span class="quiet">[{placeOf(index, tensor.dims).join(', ')}]</span> {values?.[index % pageElements] ?? '…'}
      </code>
    );
  };
  return (
    <>
      <VirtualList label={t('Values of {0}', tensor.name)} count={tensor.count} row={element} />
      {tensor.count > mostRows && <p class="quiet">{t('The first {0}; an export has them all.', count(mostRows))}</p>}
    </>
  );
}

/** The indices of an element in row-major order. */
export function placeOf(index: number, dims: readonly number[]): number[] {
  const place: number[] = [];
  let rest = index;
  for (const size of dims.toReversed()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return place;
}
