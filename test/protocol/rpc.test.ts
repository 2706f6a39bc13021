import { describe, expect, test } from 'vitest';
import {
  CancelledError,
  ConnectionClosedError,
  connect,
  type Port,
  type Progress,
  serve,
  type WireMessage,
} from '../../src/protocol/rpc.ts';

interface Contract {
  double(argument: number): Promise<number>;
  fail(argument: undefined): Promise<void>;
  wait(argument: undefined): Promise<string>;
  count(argument: number): Promise<number>;
}

interface TestPort extends Port {
  receive(message: WireMessage): void;
  other?: TestPort;
}

/** Two ports that are connected to each other, messages copied and delivered in later turns, as between processes. */
function portPair() {
  const closers: ((reason: string) => void)[] = [];
  const make = (): TestPort => {
    const listeners = new Set<(message: WireMessage) => void>();
    const port: TestPort = {
      send: (message) => void Promise.resolve(structuredClone(message)).then((copy) => port.other?.receive(copy)),
      onMessage: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      onClose: (listener) => void closers.push(listener),
      receive: (message) => {
        for (const listener of listeners) listener(message);
      },
    };
    return port;
  };
  const a = make();
  const b = make();
  a.other = b;
  b.other = a;
  const close = (reason: string) => {
    for (const closer of closers) closer(reason);
  };
  return { a, b, close };
}

function connected() {
  const { a, b, close } = portPair();
  let aborted = false;
  const stop = serve<Contract>(b, {
    double: (value) => value * 2,
    fail: () => {
      throw new RangeError('too far');
    },
    wait: (_, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve('stopped');
        });
      }),
    count: (to, { progress }) => {
      for (let i = 1; i <= to; i++) progress({ message: `${i} of ${to}`, fraction: i / to });
      return to;
    },
  });
  return { client: connect<Contract>(a), close, stop, wasAborted: () => aborted, rawPort: a };
}

describe('rpc', () => {
  test('calls get their own results, in whatever order they end', async () => {
    const { client } = connected();
    expect(await Promise.all([client.double(2), client.double(3), client.count(0)])).toEqual([4, 6, 0]);
  });

  test('errors keep name and message', async () => {
    const { client } = connected();
    await expect(client.fail(undefined)).rejects.toMatchObject({ name: 'RangeError', message: 'too far' });
  });

  test('an unknown method is an error, inherited ones are not methods', async () => {
    const { rawPort } = connected();
    interface Other {
      missing(argument: undefined): Promise<void>;
      toString(argument: undefined): Promise<string>;
    }
    const client = connect<Other>(rawPort);
    await expect(client.missing(undefined)).rejects.toThrow('There is no method missing.');
    await expect(client.toString(undefined)).rejects.toThrow('There is no method toString.');
  });

  test('progress arrives in order, before the result', async () => {
    const { client } = connected();
    const seen: Progress[] = [];
    await client.count(3, { onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ message }) => message)).toEqual(['1 of 3', '2 of 3', '3 of 3']);
  });

  test('a caller that waits for last words gets what the handler has when it is aborted, or hears soon that there is nothing', async () => {
    const { client } = connected();
    const controller = new AbortController();
    const waiting = client.wait(undefined, { signal: controller.signal, lastWordsMs: 5000 });
    controller.abort();
    expect(await waiting).toBe('stopped');

    const mute = connect<Contract>({ send: () => {}, onMessage: () => () => {}, onClose: () => {} });
    const second = new AbortController();
    const unheard = mute.wait(undefined, { signal: second.signal, lastWordsMs: 10 });
    second.abort();
    await expect(unheard).rejects.toBeInstanceOf(CancelledError);
  });

  test('aborting rejects at once and reaches the handler', async () => {
    const { client, wasAborted } = connected();
    const controller = new AbortController();
    const call = client.wait(undefined, { signal: controller.signal });
    await Promise.resolve();
    controller.abort();
    await expect(call).rejects.toBeInstanceOf(CancelledError);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(wasAborted()).toBe(true);
  });

  test('a signal that is aborted already sends nothing', async () => {
    const { client } = connected();
    await expect(client.double(1, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(CancelledError);
  });

  test('closing rejects what is pending and what comes later, with the reason', async () => {
    const { client, close } = connected();
    const call = client.wait(undefined);
    close('It crashed.');
    await expect(call).rejects.toThrow(new ConnectionClosedError('It crashed.'));
    await expect(client.double(1)).rejects.toThrow(new ConnectionClosedError('It crashed.'));
  });

  test('a client can be awaited', async () => {
    const { client } = connected();
    expect(await (await Promise.resolve(client)).double(4)).toBe(8);
  });
});
