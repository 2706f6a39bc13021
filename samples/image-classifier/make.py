"""Makes the image-classifier sample: draws the data, trains the network, exports it, writes labelled evaluation data.

    python3 -m venv .venv && .venv/bin/pip install torch==2.13.0 onnx numpy
    .venv/bin/python samples/image-classifier/make.py

Ten hand-drawn-looking shapes on noisy 32x32 colour images. The network is a small MobileNet: Conv, BatchNorm, ReLU,
depthwise blocks, a residual; the normalisation of the input is part of the graph. It is exported without constant
folding and with its BatchNorms apart, so that there is something to simplify. Takes about three minutes on two cores.
"""
import math
import pathlib

import numpy as np
import torch
from torch import nn

HERE = pathlib.Path(__file__).parent
CLASSES = ["disc", "ring", "square", "frame", "triangle", "cross", "star", "stripes", "dots", "crescent"]
SIZE = 32


def shape_mask(kind, rng):
    """Coverage of one shape, 0..1, SIZE x SIZE, at a random place, size and angle."""
    v, u = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    center = rng.uniform(12, 20, 2)
    radius = rng.uniform(6, 11)
    angle = rng.uniform(0, 2 * math.pi)
    x, y = (u - center[0]) / radius, (v - center[1]) / radius
    x, y = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
    r, phi = np.hypot(x, y), np.arctan2(y, x)
    box = np.maximum(abs(x), abs(y))
    distance = {
        "disc": r - 0.95,
        "ring": abs(r - 0.8) - 0.2,
        "square": box - 0.8,
        "frame": abs(box - 0.7) - 0.18,
        "triangle": np.maximum(y - 0.5, abs(x) * 0.87 - y * 0.5 - 0.5),
        "cross": np.minimum(np.maximum(abs(x) - 0.25, abs(y) - 0.95), np.maximum(abs(y) - 0.25, abs(x) - 0.95)),
        "star": r - (0.65 + 0.3 * np.cos(5 * phi)),
        "stripes": np.maximum(abs((x * 1.6) % 1 - 0.5) - 0.25, box - 0.9),
        "dots": np.maximum(np.hypot((x * 1.6) % 1 - 0.5, (y * 1.6) % 1 - 0.5) - 0.3, box - 0.9),
        "crescent": np.maximum(r - 0.95, 0.8 - np.hypot(x - 0.45, y)),
    }[kind]
    return np.clip(0.5 - distance * radius, 0, 1)


def draw(count, seed):
    """`count` images, float32 NCHW in 0..1 in steps of 1/255, and their labels."""
    rng = np.random.default_rng(seed)
    images = np.empty((count, 3, SIZE, SIZE), np.float32)
    labels = rng.integers(0, len(CLASSES), count)
    for index, label in enumerate(labels):
        mask = shape_mask(CLASSES[label], rng)
        ink, paper = rng.uniform(0, 1, 3), rng.uniform(0, 1, 3)
        slope = rng.uniform(-0.25, 0.25) * np.linspace(-1, 1, SIZE)
        image = paper[:, None, None] * (1 - mask) + ink[:, None, None] * mask + slope
        image += rng.normal(0, rng.uniform(0.02, 0.22), image.shape)
        images[index] = image
    return np.round(np.clip(images, 0, 1) * 255).astype(np.float32) / 255, labels.astype(np.int64)


class Block(nn.Module):
    """Expand 1x1, depthwise 3x3, project 1x1; adds its input where the shapes agree."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        hidden = inputs * 3
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(),
            nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


class ShapeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 0.5))
        self.register_buffer("deviation", torch.full((1, 3, 1, 1), 0.3))
        self.stem = nn.Sequential(nn.Conv2d(3, 24, 3, 1, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU())
        self.blocks = nn.Sequential(Block(24, 32, 2), Block(32, 32, 1), Block(32, 64, 2), Block(64, 64, 1), Block(64, 96, 2), Block(96, 96, 1))
        self.head = nn.Sequential(nn.Conv2d(96, 256, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU())
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(256, len(CLASSES))

    def forward(self, image):
        x = self.head(self.blocks(self.stem((image - self.mean) / self.deviation)))
        x = nn.functional.adaptive_avg_pool2d(x, 1)
        return self.classifier(self.dropout(x.reshape(x.shape[0], -1)))


def train(network, epochs=14, batch=128):
    images, labels = map(torch.from_numpy, draw(12_000, seed=1))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, epochs=epochs, steps_per_epoch=math.ceil(len(images) / batch))
    for epoch in range(epochs):
        network.train()
        total = 0.0
        for rows in torch.randperm(len(images)).split(batch):
            loss = nn.functional.cross_entropy(network(images[rows]), labels[rows], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch + 1}: loss {total / len(images):.3f}", flush=True)


if __name__ == "__main__":
    torch.manual_seed(0)
    network = ShapeNet()
    train(network)
    network.eval()
    images, labels = draw(500, seed=2)
    with torch.no_grad():
        accuracy = (network(torch.from_numpy(images)).argmax(1).numpy() == labels).mean()
    print(f"accuracy on {len(labels)} images: {accuracy:.1%}")
    torch.onnx.export(
        network, (torch.from_numpy(images[:1]),), HERE / "image-classifier.onnx", input_names=["image"], output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}}, opset_version=17, dynamo=False,
        do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE,
    )
    np.savez_compressed(HERE / "evaluation.npz", image=images, labels=labels)
    np.savez_compressed(HERE / "calibration.npz", image=draw(64, seed=3)[0])
