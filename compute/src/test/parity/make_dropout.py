#!/usr/bin/env python3
"""Writes what torch learns from the committed checkpoints when it drops what tensorlink drops.

Usage: make_dropout.py src/test/resources/parity OUT/dropout.safetensors

For each checkpoint below: NAME.losses [5] f32, the loss before each step of torch.optim.AdamW(lr=1e-3, weight_decay=0.01)
on the checkpoint's golden batch as one micro-batch, in float32, with every rate 0.25 and seed 7. Each call of dropout
takes the mask of its place (unit of the model, place within the unit), drawn as CounterRandom.java draws it.
"""
import os, sys
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification

RATE, SEED, STEPS = 0.25, 7, 5
GAMMA = np.uint64(0x9E3779B97F4A7C15)

# name: keys of the rates, whether embeddings are dropped, places of a layer, places of the head
CASES = {
    "gpt2": (["attn_pdrop", "embd_pdrop", "resid_pdrop"], True, [0, 1, 2], []),
    "gpt-neox": (["attention_dropout", "hidden_dropout"], True, [0, 1, 2], []),
    "phi3": (["attention_dropout", "resid_pdrop", "embd_pdrop"], False, [0, 1, 2], []),
    "gemma2": (["attention_dropout"], False, [0], []),
    "mistral-window": (["attention_dropout"], False, [0], []),
    "bert-classify": (["attention_probs_dropout_prob", "hidden_dropout_prob", "classifier_dropout"], True, [0, 1, 2], [1]),
    "roberta-classify": (["attention_probs_dropout_prob", "hidden_dropout_prob", "classifier_dropout"], True, [0, 1, 2], [0, 1]),
    "distilbert-classify": (["attention_dropout", "dropout", "seq_classif_dropout"], True, [0, 2], [1]),
}

def mix(z):
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))

def at(key, place):
    with np.errstate(over="ignore"):
        return mix(key ^ mix(np.uint64(place + 1) * GAMMA))

def uniform(key, count):
    with np.errstate(over="ignore"):
        return (mix(key + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * GAMMA) >> np.uint64(11)) * 2.0 ** -53

def main(folder, out):
    golden = {}
    for name, (keys, embeds, layer, head) in CASES.items():
        path = os.path.join(folder, name)
        config = AutoConfig.from_pretrained(path)
        for key in keys:
            setattr(config, key, RATE)
        auto = AutoModelForSequenceClassification if "classify" in name else AutoModelForCausalLM
        model = auto.from_pretrained(path, config=config, dtype=torch.float32, attn_implementation="eager").train()
        data = load_file(os.path.join(path, "golden.safetensors"))
        inputs = {k: data[k] for k in ("input_ids", "attention_mask", "token_type_ids", "labels") if k in data}
        layers = config.num_hidden_layers
        sites = [(0, 0)] if embeds else []
        sites += [(unit, place) for unit in range(1, layers + 1) for place in layer]
        sites += [(layers + 1, place) for place in head]
        with np.errstate(over="ignore"):
            seeded = mix(np.uint64(SEED) + GAMMA)
        state = {}
        def dropout(x, p=0.5, training=True, inplace=False):
            if p == 0 or not training:
                return x
            assert p == RATE
            unit, place = state["sites"].pop(0)
            key = at(at(at(at(at(seeded, state["step"]), 0), 0), unit), place)
            kept = uniform(key, x.numel()).reshape(x.shape) >= p
            return x * torch.from_numpy(kept) * (1 / (1 - p))
        torch.nn.functional.dropout = dropout
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
        losses = []
        for step in range(STEPS):
            state.update(step=step, sites=list(sites))
            optimizer.zero_grad()
            loss = model(**inputs).loss
            assert not state["sites"], state["sites"]
            losses.append(loss.item())
            loss.backward()
            optimizer.step()
        golden[name + ".losses"] = torch.tensor(losses)
        print(f"{name:20s} {losses[0]:.4f} -> {losses[-1]:.4f}")
    save_file(golden, out, metadata={"torch": torch.__version__})

main(*sys.argv[1:])
