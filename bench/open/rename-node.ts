// Rewrites a model with its first node renamed.
import { openModel } from '../../src/worker/open-model.ts';
import { saveModel } from '../../src/worker/save-model.ts';

const [from, to] = process.argv.slice(2);
const { model, close } = await openModel(from!);
const [first, ...rest] = model.graph.nodes;
await saveModel({ ...model, graph: { ...model.graph, nodes: [{ ...first!, name: 'renamed' }, ...rest] } }, to!);
await close();
