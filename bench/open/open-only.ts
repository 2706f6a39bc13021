// Opens a model and does nothing else, as its peer `onnx.load` does; bundled as the command line is.
import { openModel } from '../../src/worker/open-model.ts';

const { close } = await openModel(process.argv[2]!);
await close();
