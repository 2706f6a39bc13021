/** What results of two machines can be held against each other by. */
import { english } from '../english.ts';
import type { Environment } from './profile-report.ts';

/** What a time depends on most of all, beside the model and the settings. */
export type Machine = Pick<Environment, 'cpu' | 'cores' | 'os' | 'onnxruntime'>;

/** The part of an environment that is the machine; undefined where it was not recorded, as in a trace from elsewhere. */
export function machineOf({ cpu, cores, os, onnxruntime }: Environment): Machine | undefined {
  return cores > 0 ? { cpu, cores, os, onnxruntime } : undefined;
}

/** What differs between the machine of a result and the one here, in words; empty when it was measured here. */
export function machineDifferences(measured: Machine, here: Machine): readonly string[] {
  const { cpu, cores, os, onnxruntime } = measured;
  return [
    ...(cpu === here.cpu ? [] : [english`the processor was ${cpu}, here it is ${here.cpu}`]),
    ...(cores === here.cores ? [] : [english`there were ${cores} cores, here are ${here.cores}`]),
    ...(os === here.os ? [] : [english`the system was ${os}, here it is ${here.os}`]),
    ...(onnxruntime === here.onnxruntime
      ? []
      : [english`ONNX Runtime was ${onnxruntime}, here it is ${here.onnxruntime}`]),
  ];
}
