import { signal } from '@preact/signals';
import { expect, test } from 'vitest';
import { resource } from '../../webview/resource.ts';
import { settle } from './host.ts';

test('only the newest request counts, whatever order the answers come in', async () => {
  const question = signal('slow');
  const answers = new Map<string, (answer: string) => void>();
  const aborted: string[] = [];
  const asked = resource(
    () => question.value,
    (name, abort) => {
      abort.addEventListener('abort', () => aborted.push(name));
      return new Promise<string>((resolve) => answers.set(name, resolve));
    },
  );
  question.value = 'quick';
  answers.get('quick')!('quick answer');
  await settle();
  answers.get('slow')!('slow answer');
  await settle();
  expect(asked.value.value).toBe('quick answer');
  expect(asked.pending.value).toBe(false);
  expect(aborted).toEqual(['slow']);
});

test('the last answer stays while the next is under way, and after it failed', async () => {
  const question = signal(1);
  const asked = resource(
    () => question.value,
    async (number) => {
      if (number === 2) throw new Error('Two is not there.');
      return number * 10;
    },
  );
  await settle();
  expect(asked.value.value).toBe(10);
  question.value = 2;
  expect(asked.pending.value).toBe(true);
  expect(asked.value.value).toBe(10);
  await settle();
  expect(asked.problem.value).toBe('Two is not there.');
  question.value = 3;
  await settle();
  expect(asked.problem.value).toBeNull();
  expect(asked.value.value).toBe(30);
});

test('reload asks the same question again; null asks nothing', async () => {
  const question = signal<string | null>('once');
  let calls = 0;
  const asked = resource(
    () => question.value,
    async () => ++calls,
  );
  asked.reload();
  await settle();
  expect(asked.value.value).toBe(2);
  question.value = null;
  await settle();
  expect(calls).toBe(2);
  expect(asked.value.value).toBeNull();
});
