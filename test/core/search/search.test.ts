import { describe, expect, it } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { NodeId } from '../../../src/core/graph/model.ts';
import type { Overlay } from '../../../src/core/overlay.ts';
import { matchNodes } from '../../../src/core/search/match.ts';
import { parseQuery, QueryError } from '../../../src/core/search/query.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { openModel } from '../../../src/worker/open-model.ts';
import { sampleModels } from '../../corpus.ts';

const opened = await openModel(sampleModels[0]!);
const draft = new Draft(opened.model);
const facts = createFacts(draft);
const nodes = opened.model.graph.nodes;
const time: Overlay = {
  id: 'time',
  title: 'Time',
  unit: 'ms',
  scale: 'log',
  values: Float32Array.from(nodes, ({ id }) => id / 10),
};

function find(text: string) {
  const ids = matchNodes(draft.graphs(), parseQuery(text), { facts, overlays: new Map([['time', time]]) });
  return [...ids].map((id) => nodes.find((node) => node.id === (id as NodeId))!);
}

describe('search', () => {
  it('finds operators, exactly and loosely', () => {
    expect(find('op:conv')).toEqual(nodes.filter(({ opType }) => opType === 'Conv'));
    expect(find('op:~normal').every(({ opType }) => opType === 'BatchNormalization')).toBe(true);
  });

  it('joins terms, alternatives and negations', () => {
    const relus = nodes.filter(({ opType }) => opType === 'Relu' || opType === 'Clip');
    expect(find('op:Relu or op:Clip')).toEqual(relus);
    expect(find('op:Conv -name:stem').length).toBe(
      nodes.filter(({ opType, name }) => opType === 'Conv' && !name.includes('stem')).length,
    );
    expect(find('op:Conv not op:Conv')).toEqual([]);
  });

  it('finds shapes, types and attributes', () => {
    const grouped = find('op:Conv attr:group=96');
    expect(grouped.length).toBeGreaterThan(0);
    expect(find('shape:[*,96,*,*] op:Conv')).toEqual(expect.arrayContaining(grouped));
    expect(find('shape:[batch,10]').map(({ opType }) => opType)).toEqual(['Gemm']);
    expect(find('dtype:int64').every(({ opType }) => opType !== 'Conv')).toBe(true);
  });

  it('compares numbers of attributes as numbers, and lists with brackets or without', () => {
    const kernels = find('attr:kernel_shape=3,3');
    expect(kernels.length).toBeGreaterThan(0);
    expect(find('attr:kernel_shape=[3,3]')).toEqual(kernels);
    expect(find('ATTR:Kernel_Shape=[3, 3]')).toEqual(kernels);
    expect(find('attr:kernel_shape=3')).toEqual([]);
    const normalized = nodes.filter(({ attributes }) => attributes.get('epsilon'));
    expect(normalized.length).toBeGreaterThan(0);
    expect(find('attr:epsilon=0.00001')).toEqual(normalized);
    expect(find('attr:epsilon=1e-5')).toEqual(normalized);
    expect(find('attr:epsilon=')).toEqual([]);
    expect(find('attr:group=96')).toEqual(find('attr:group=96.0'));
  });

  it('reads fields in any case', () => {
    expect(find('Shape:[batch,10]').map(({ opType }) => opType)).toEqual(['Gemm']);
    expect(find('OP:conv')).toEqual(find('op:Conv'));
  });

  it('finds by figure, in the unit that was typed', () => {
    expect(find('ms>9').map(({ id }) => id)).toEqual(nodes.filter(({ id }) => id > 90).map(({ id }) => id));
    expect(find('us<=50')).toEqual(find('ms<=0.05'));
  });

  it('says what cannot be read', () => {
    expect(() => parseQuery('speed>3')).toThrow(QueryError);
    expect(() => parseQuery('ms>fast')).toThrow('comes a number');
    expect(() => parseQuery('shape:3x3')).toThrow('brackets');
    expect(parseQuery('  ')).toEqual([]);
  });
});
