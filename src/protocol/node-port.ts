import type { Port, WireMessage } from './rpc.ts';

/** An end of the channel that `fork` makes: the `ChildProcess` on one side, `process` on the other. */
export interface IpcChannel extends NodeJS.EventEmitter {
  readonly connected: boolean;
  send?(message: WireMessage, callback: (error: Error | null) => void): boolean;
}

/**
 * A port over a channel of `fork`, which must have been opened with `serialization: 'advanced'` so that typed arrays
 * stay typed arrays. `closed` settles when the other process is gone, with the reason in words. A message to a process
 * that is gone is dropped: every pending call learns it from `closed`.
 */
export function ipcPort(channel: IpcChannel, closed: Promise<string>): Port {
  return {
    send: (message) => {
      if (channel.connected) channel.send?.(message, () => {});
    },
    onMessage: (listener) => {
      channel.on('message', listener);
      return () => void channel.off('message', listener);
    },
    onClose: (listener) => void closed.then(listener),
  };
}
