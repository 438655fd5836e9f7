#!/usr/bin/env python3
"""Writes what torch learns with low-rank adapters beside some parts of the committed checkpoints.

Usage: make_lora.py src/test/resources/parity OUT/lora.safetensors

For each case below, of rank 4 and alpha 8: CASE.begin.NAME, the first weights of the adapters, drawn by torch;
CASE.losses [20] f32, the loss before each step of torch.optim.AdamW(lr=1e-2, weight_decay=0.01) on the checkpoint's golden
batch, in float32 without dropout, where only adapters and heads of classifiers are trained; CASE.end.NAME, the adapters
after the last step; and CASE.logits, what the model gives then. NAME is the tensor's name in PEFT.
"""
import math, os, sys
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

RANK, ALPHA = 4, 8
# name: checkpoint, targets, heads
CASES = {
    "llama": ("llama", ["q_proj", "v_proj", "down_proj"], []),
    "gpt2": ("gpt2", ["c_attn"], []),
    "bert": ("bert-classify", ["query", "value"], ["classifier", "bert.pooler"]),
}

class Adapted(torch.nn.Module):
    def __init__(self, base, inputs, outputs):
        super().__init__()
        self.base = base
        self.lora_A = torch.nn.Linear(inputs, RANK, bias=False)
        self.lora_B = torch.nn.Linear(RANK, outputs, bias=False)
        torch.nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        torch.nn.init.zeros_(self.lora_B.weight)

    def forward(self, x):
        return self.base(x) + self.lora_B(self.lora_A(x)) * (ALPHA / RANK)

def main(folder, out):
    golden = {}
    for case, (name, targets, heads) in CASES.items():
        torch.manual_seed(1)
        path = os.path.join(folder, name)
        auto = AutoModelForSequenceClassification if "classify" in name else AutoModelForCausalLM
        model = auto.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
        data = load_file(os.path.join(path, "golden.safetensors"))
        inputs = {k: data[k] for k in ("input_ids", "attention_mask", "token_type_ids", "labels") if k in data}
        for n, p in model.named_parameters():
            p.requires_grad_(any(n.startswith(head + ".") for head in heads))
        for n, module in list(model.named_modules()):
            if n.rsplit(".", 1)[-1] in targets:
                columns = hasattr(module, "nf")
                outputs, inputs_ = module.weight.shape[::-1] if columns else module.weight.shape
                model.get_submodule(n.rsplit(".", 1)[0]).add_module(n.rsplit(".", 1)[1], Adapted(module, inputs_, outputs))
        trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
        for n, p in trained.items():
            if "lora_" in n:
                golden[f"{case}.begin.base_model.model.{n}"] = p.detach().clone()
        optimizer = torch.optim.AdamW(trained.values(), lr=1e-2, weight_decay=0.01)
        losses = []
        for _ in range(20):
            optimizer.zero_grad()
            loss = model(**inputs).loss
            losses.append(loss.item())
            loss.backward()
            optimizer.step()
        golden[case + ".losses"] = torch.tensor(losses)
        for n, p in trained.items():
            golden[f"{case}.end.base_model.model.{n}"] = p.detach().clone()
        golden[case + ".logits"] = model(**inputs).logits.detach().clone()
        print(f"{case:8s} {losses[0]:.4f} -> {losses[-1]:.4f}")
    save_file(golden, out, metadata={"torch": torch.__version__})

main(*sys.argv[1:])
