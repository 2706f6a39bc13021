"""Makes the log-classifier sample: writes the data, trains a small transformer, exports it, writes evaluation data.

    python3 -m venv .venv && .venv/bin/pip install torch==2.13.0 onnx numpy
    .venv/bin/python samples/log-classifier/make.py

Reads the bytes of a piece of a log line (damaged here and there) and tells what wrote it. Batch and sequence are
symbolic dimensions; token ids are bytes plus one, zero is padding. Exported without constant folding. Takes about four
minutes on two cores.
"""
import math
import pathlib

import numpy as np
import torch
from torch import nn

HERE = pathlib.Path(__file__).parent
CLASSES = ["web", "kernel", "login", "trace", "metric", "record"]
LENGTH = 48


def line(kind, rng):
    """One log line of a kind, as text."""
    number = lambda high: int(rng.integers(0, high))
    word = lambda: "".join(chr(97 + number(26)) for _ in range(2 + number(7)))
    pick = lambda *options: options[number(len(options))]
    address = ".".join(str(number(256)) for _ in range(4))
    if kind == "web":
        return f'{address} - - "{pick("GET", "POST", "PUT")} /{word()}/{word()} HTTP/1.1" {pick(200, 304, 404, 500)} {number(90000)}'
    if kind == "kernel":
        return f"[{number(99999)}.{number(999999):06d}] {pick('usb', 'eth0', 'nvme0n1', 'audit')} {number(9)}-{number(9)}: {word()} {pick('link up', 'reset', 'timeout', 'device not ready')}"
    if kind == "login":
        return f"sshd[{number(9999)}]: {pick('Failed', 'Accepted')} {pick('password', 'publickey')} for {word()} from {address} port {number(65535)}"
    if kind == "trace":
        return f"    at {word()}.{word()}.{word()}({word().title()}.{pick('java', 'kt', 'js')}:{number(900)})"
    if kind == "metric":
        return f"{word()}_{word()}_{pick('total', 'seconds', 'bytes')}{{{word()}=\"{word()}\"}} {number(99999)}.{number(99)}"
    return f'{{"{pick("ts", "time")}":{number(10**9)},"{pick("level", "lvl")}":"{pick("info", "warn", "error")}","{word()}":"{word()}"}}'


def write(count, seed):
    """Token ids [count, LENGTH], attention mask of the same shape, and labels: int64 all three."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES), count)
    tokens = np.zeros((count, LENGTH), np.int64)
    for row, label in enumerate(labels):
        text = line(CLASSES[label], rng).encode()
        length = int(rng.integers(8, LENGTH + 1))
        start = int(rng.integers(0, max(1, len(text) - 8)))
        piece = np.frombuffer(text[start : start + length], np.uint8).astype(np.int64)
        damaged = rng.random(len(piece)) < rng.uniform(0, 0.5)
        piece = np.where(damaged, rng.integers(32, 127, len(piece)), piece)
        tokens[row, : len(piece)] = piece + 1
    return tokens, (tokens > 0).astype(np.int64), labels.astype(np.int64)


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x, mask):
        h = self.first(x)
        q, k, v = self.split(self.query(h)), self.split(self.key(h)), self.split(self.value(h))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + mask
        h = (scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape)
        x = x + self.out(h)
        return x + self.down(nn.functional.gelu(self.up(self.second(x))))


class LogNet(nn.Module):
    def __init__(self, width=96, layers=3, heads=4):
        super().__init__()
        self.tokens = nn.Embedding(257, width)
        self.places = nn.Embedding(128, width)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.classifier = nn.Linear(width, len(CLASSES))

    def forward(self, input_ids, attention_mask):
        kept = attention_mask.to(torch.float32)
        mask = (1.0 - kept)[:, None, None, :] * -10000.0
        x = self.tokens(input_ids) + self.places(torch.arange(input_ids.shape[1], device=input_ids.device))
        for layer in self.layers:
            x = layer(x, mask)
        kept = kept.unsqueeze(-1)
        return self.classifier((self.norm(x) * kept).sum(1) / kept.sum(1).clamp(min=1.0))


def train(network, epochs=6, batch=128):
    tokens, mask, labels = map(torch.from_numpy, write(16_000, seed=1))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.5e-3, epochs=epochs, steps_per_epoch=math.ceil(len(tokens) / batch))
    for epoch in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(tokens)).split(batch):
            loss = nn.functional.cross_entropy(network(tokens[rows], mask[rows]), labels[rows], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch + 1}: loss {total / len(tokens):.3f}", flush=True)


if __name__ == "__main__":
    torch.manual_seed(0)
    network = LogNet()
    train(network)
    network.eval()
    tokens, mask, labels = write(1000, seed=2)
    with torch.no_grad():
        accuracy = (network(torch.from_numpy(tokens), torch.from_numpy(mask)).argmax(1).numpy() == labels).mean()
    print(f"accuracy on {len(labels)} lines: {accuracy:.1%}")
    axes = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        network, (torch.from_numpy(tokens[:2]), torch.from_numpy(mask[:2])), HERE / "log-classifier.onnx",
        input_names=["input_ids", "attention_mask"], output_names=["logits"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "batch"}},
        opset_version=17, dynamo=False, do_constant_folding=False,
    )
    np.savez_compressed(HERE / "evaluation.npz", input_ids=tokens, attention_mask=mask, labels=labels)
    tokens, mask, _ = write(64, seed=3)
    np.savez_compressed(HERE / "calibration.npz", input_ids=tokens, attention_mask=mask)
