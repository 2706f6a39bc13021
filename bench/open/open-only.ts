// Opens a model and does nothing else, which is what `onnx.load` does; bundled as the command line is.
import { openModel } from '../../src/worker/open-model.ts';

const { model, close } = await openModel(process.argv[2]!);
console.log(model.graph.nodes.length);
await close();
