/** Simplifies one model and prints the number of nodes: `opscope-one.ts MODEL OUT [--verify]`. */

import { openModel } from '../../src/worker/open-model.ts';
import { optimizeModel } from '../../src/worker/optimize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';

const [, , path, out, verify] = process.argv;
const manager = createRuntimeManager();
const opened = await openModel(path!);
const { model, report } = await optimizeModel(opened, { preset: 'default', verify: verify === '--verify', manager });
await saveModel(model, out!);
await opened.close();
manager.dispose();
console.log(`nodes ${report.after.nodes}`);
if (verify) console.log(`verdict ${report.verdict.status} ${JSON.stringify(report.rolledBack)}`);
