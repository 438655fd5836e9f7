#!/usr/bin/env python3
"""Writes a layer graph with batch norms, and what torch computes of it in micro-batches.

Usage: make_batch_norm.py OUT_DIR                 (src/test/resources/graphs/batch-norm)

Beside graph.json and model.safetensors, golden.safetensors has the inputs and labels; before and after 20 steps of AdamW
(lr=1e-3, weight_decay=0.01), each of two micro-batches of three rows: the results in evaluation (logits, trained_logits);
of the first step the gradients (grad.<parameter>); the losses before each step; and after all the running statistics
(after.<name>), which torch moves with each micro-batch's forward.
"""
import json, os, sys
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file
from make_graphs import ROWS, STEPS, graph, node

PARTS = 2

class Norms(nn.Module):
    """Batch norms of images, of lines and of single numbers, with epsilon and momentum of their own."""
    def __init__(self, w):
        super().__init__()
        self.stem, self.bn1 = nn.Conv2d(2, w, 3, padding=1, bias=False), nn.BatchNorm2d(w)
        self.lines, self.bn2 = nn.Conv2d(w, w, (1, 3), bias=False), nn.BatchNorm1d(w, eps=1e-3, momentum=0.3)
        self.hidden, self.bn3 = nn.Linear(4 * w, w, bias=False), nn.BatchNorm1d(w)
        self.head = nn.Linear(w, 3)
    def forward(self, image):
        x = F.relu(self.bn1(self.stem(image)))
        x = self.lines(x).mean(2)
        x = torch.tanh(self.bn2(x)).flatten(1)
        return self.head(F.relu(self.bn3(self.hidden(x))))
    def graph(self, w):
        return graph([dict(name="image", shape=[2, 5, 6])], [
            node("stem", "conv2d", "image", channels=w, kernel=3, padding=1, bias=False),
            node("bn1", "batch_norm", "stem"), node("act1", "relu", "bn1"),
            node("lines", "conv2d", "act1", channels=w, kernel=[1, 3], bias=False), node("mean", "mean", "lines", axes=[1]),
            node("bn2", "batch_norm", "mean", epsilon=1e-3, momentum=0.3), node("act2", "tanh", "bn2"),
            node("flat", "flatten", "act2"), node("hidden", "linear", "flat", features=w, bias=False),
            node("bn3", "batch_norm", "hidden"), node("act3", "relu", "bn3"),
            node("head", "linear", "act3", features=3)], "cross_entropy")

def tensors(model):
    state = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    return {k: v.detach().clone().contiguous() for k, v in state.items()}

if __name__ == "__main__":
    out, width = sys.argv[1], 8
    torch.manual_seed(1)
    model = Norms(width)
    with torch.no_grad():                    # away from their trivial initial values
        for name, t in tensors(model).items():
            if t.ndim == 1: model.state_dict()[name].add_(0.1 * torch.rand_like(t))
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "graph.json"), "w") as file:
        json.dump(model.graph(width), file, separators=(",", ":"))
    counters = {k: v.clone() for k, v in model.state_dict().items() if k.endswith("num_batches_tracked")}
    save_file(tensors(model) | counters, os.path.join(out, "model.safetensors"), metadata={"format": "pt"})
    g = torch.Generator().manual_seed(2)
    image, labels = torch.randn(ROWS, 2, 5, 6, generator=g), torch.randint(0, 3, (ROWS, 1), generator=g)
    gold = {"input.image": image, "labels": labels}
    model.eval(); gold["logits"] = model(image).detach(); model.train()
    optimizer, losses = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01), []
    for step in range(STEPS):
        optimizer.zero_grad()
        total = 0.
        for x, y in zip(image.chunk(PARTS), labels.chunk(PARTS)):
            loss = F.cross_entropy(model(x), y[:, 0], reduction="sum") / ROWS
            loss.backward(); total += loss.item()
        losses.append(total)
        if step == 0: gold |= {"grad." + n: p.grad.clone() for n, p in model.named_parameters()}
        optimizer.step()
    gold["losses"] = torch.tensor(losses)
    gold |= {"after." + n: t for n, t in tensors(model).items() if "running" in n}
    model.eval(); gold["trained_logits"] = model(image).detach().contiguous()
    save_file(gold, os.path.join(out, "golden.safetensors"), metadata={"torch": torch.__version__})
    print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}")
