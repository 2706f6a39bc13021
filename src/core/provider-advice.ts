import { english } from './english.ts';

const advice: Readonly<Record<string, string>> = {
  webgpu: english`No usable GPU was found. On Linux WebGPU needs a Vulkan driver (libvulkan and the driver of the card).`,
  cuda: english`The CUDA libraries of ONNX Runtime are not installed. Run the install script of onnxruntime-node for CUDA 12 or 13; it needs an NVIDIA driver too.`,
  tensorrt: english`The TensorRT libraries of ONNX Runtime are not installed. Run the install script of onnxruntime-node, and install TensorRT.`,
  dml: english`DirectML needs Windows 10 or later and a DirectX 12 graphics card.`,
  coreml: english`Core ML needs macOS 10.15 or later.`,
};

/** What to do where a provider does not work, with the reason in ONNX Runtime's words, once. */
export function withProviderAdvice(provider: string, reason: string): string {
  const known = advice[provider] ?? english`It does not work here.`;
  return reason.startsWith(known) ? reason : `${known} (${reason})`;
}
