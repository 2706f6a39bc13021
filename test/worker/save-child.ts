import { openModel } from '../../src/worker/open-model.ts';
import { saveModel } from '../../src/worker/save-model.ts';

// A process that saves a model over a file until it is killed: save-child SOURCE TARGET inline|external.

const [source, target, weights] = process.argv.slice(2) as [string, string, 'inline' | 'external'];
const { model } = await openModel(source);
process.stdout.write('ready\n');
try {
  await saveModel(model, target, { weights });
  process.stdout.write('saved\n');
} catch (error) {
  process.stdout.write(`failed: ${(error as Error).message}\n`);
}
