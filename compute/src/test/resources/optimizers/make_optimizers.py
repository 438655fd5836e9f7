#!/usr/bin/env python3
"""Writes what torch's optimizers do over 100 steps.

Usage: make_optimizers.py LLAMA_DIR OUT_FILE, where LLAMA_DIR is a checkpoint with golden.safetensors as
make_fixtures.py writes it.

For each optimizer NAME the file holds
  NAME.STEP.value.PARAMETER and NAME.STEP.SLOT.PARAMETER f32, for STEP 1, 2 and 100: parameters and state after that
    step, of the parameters that initial() gives and the gradients that gradient() gives; of `wide` the first row only,
  NAME.losses [100] f32: the loss before each step of training the checkpoint on its own batch.
clipped.losses and clipped.norms [20] f32 are of SGD at rate 0.5 with gradients clipped to the norm 0.5; schedule.NAME
[60] f64 are what learning rates are multiplied by before each step, and metrics [60] f64 what `plateau` is told after
each.
All in float32 on the CPU, torch's default implementation of each optimizer.
"""
import sys
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

O = torch.optim
# name: (optimizer, settings, learning rate of the small parameters, of the checkpoint)
OPTIMIZERS = {
    "sgd": (O.SGD, dict(), 0.05, 0.05),
    "sgd-decay": (O.SGD, dict(weight_decay=0.1), 0.05, 0.05),
    "sgd-momentum": (O.SGD, dict(momentum=0.9, dampening=0.25, weight_decay=0.01), 0.02, 0.02),
    "sgd-nesterov": (O.SGD, dict(momentum=0.9, nesterov=True), 0.02, 0.02),
    "adam": (O.Adam, dict(weight_decay=0.05), 0.01, 3e-4),
    "adam-amsgrad": (O.Adam, dict(amsgrad=True), 0.01, 3e-4),
    "adamw": (O.AdamW, dict(betas=(0.8, 0.95), weight_decay=0.1), 0.01, 3e-4),
    "adamw-amsgrad": (O.AdamW, dict(amsgrad=True), 0.01, 3e-4),
    "adagrad": (O.Adagrad, dict(), 0.05, 3e-3),
    "adagrad-decay": (O.Adagrad, dict(lr_decay=0.01, weight_decay=0.05, initial_accumulator_value=0.1), 0.05, 3e-3),
    "rmsprop": (O.RMSprop, dict(weight_decay=0.01), 0.01, 3e-4),
    "rmsprop-centered": (O.RMSprop, dict(alpha=0.9, centered=True), 0.01, 3e-4),
    "rmsprop-momentum": (O.RMSprop, dict(momentum=0.5), 0.01, 3e-4),
    "rmsprop-all": (O.RMSprop, dict(momentum=0.5, centered=True, weight_decay=0.01), 0.01, 3e-4),
    "adafactor": (O.Adafactor, dict(), 0.05, 3e-3),
    "adafactor-decay": (O.Adafactor, dict(weight_decay=0.1, d=2.0), 0.05, 3e-3),
}
SHAPES = {"matrix": (5, 7), "vector": (11,), "wide": (70, 61)}
SLOTS = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "sum", "square_avg", "grad_avg", "row_var",
         "col_var", "variance")

def initial(shape):
    i = torch.arange(torch.Size(shape).numel())
    return (((i * 37 + 5) % 101 - 50).float() / 64).reshape(shape)

def gradient(p, step):
    i = torch.arange(p.numel())
    return (((i * 53 + step * 29) % 97 - 48).float() / 256).reshape(p.shape) + p.detach() * 0.5

def small(name, gold):
    optimizer, settings, lr, _ = OPTIMIZERS[name]
    params = {n: torch.nn.Parameter(initial(s)) for n, s in SHAPES.items()}
    opt = optimizer(params.values(), lr=lr, **settings)
    for step in range(1, 101):
        for p in params.values():
            p.grad = gradient(p, step)
        opt.step()
        if step in (1, 2, 100):
            for n, p in params.items():
                for slot, t in [("value", p), *((s, opt.state[p].get(s)) for s in SLOTS)]:
                    if t is not None:
                        t = t.detach().clone()
                        gold[f"{name}.{step}.{slot}.{n}"] = t[0].clone() if n == "wide" else t

def clipped(gold, folder):
    model, ids, labels = checkpoint(folder)
    opt = O.SGD(model.parameters(), lr=0.5)
    losses, norms = [], []
    for _ in range(20):
        opt.zero_grad()
        loss = model(input_ids=ids, labels=labels).loss
        losses.append(loss.item())
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5).item())
        opt.step()
    gold["clipped.losses"], gold["clipped.norms"] = torch.tensor(losses), torch.tensor(norms)

def schedules(gold):
    S = torch.optim.lr_scheduler
    metrics = [5.0, 4.0, 3.0, 2.5] + [2.5 - 1e-5 * i for i in range(20)] + [2.0 + 0.001 * (i % 3) for i in range(36)]
    gold["metrics"] = torch.tensor(metrics, dtype=torch.float64)
    for name, make in {
        "constant": lambda o: transformers.get_constant_schedule_with_warmup(o, 10),
        "stairs": lambda o: S.StepLR(o, 7, 0.5),
        "linear": lambda o: transformers.get_linear_schedule_with_warmup(o, 10, 50),
        "cosine": lambda o: transformers.get_cosine_schedule_with_warmup(o, 10, 60),
        "cosine-floor": lambda o: transformers.get_cosine_with_min_lr_schedule_with_warmup(o, 0, 60, min_lr_rate=0.1),
        "plateau": lambda o: S.ReduceLROnPlateau(o, factor=0.5, patience=3, threshold=0.01, cooldown=2, min_lr=0.05),
    }.items():
        opt = O.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        schedule = make(opt)
        rates = []
        for metric in metrics:
            rates.append(opt.param_groups[0]["lr"])
            opt.step()
            schedule.step(*([metric] if name == "plateau" else []))
        gold["schedule." + name] = torch.tensor(rates, dtype=torch.float64)

def checkpoint(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").float().eval()
    with safe_open(folder + "/golden.safetensors", "pt") as f:
        return model, f.get_tensor("input_ids"), f.get_tensor("labels")

def losses(name, folder):
    optimizer, settings, _, lr = OPTIMIZERS[name]
    model, ids, labels = checkpoint(folder)
    opt = optimizer(model.parameters(), lr=lr, **settings)
    found = []
    for _ in range(100):
        opt.zero_grad()
        loss = model(input_ids=ids, labels=labels).loss
        found.append(loss.item())
        loss.backward()
        opt.step()
    print(f"{name:18s} loss {found[0]:.4f} -> {found[-1]:.4f}")
    return torch.tensor(found)

if __name__ == "__main__":
    gold = {}
    schedules(gold)
    clipped(gold, sys.argv[1])
    for name in OPTIMIZERS:
        small(name, gold)
        gold[name + ".losses"] = losses(name, sys.argv[1])
    save_file(gold, sys.argv[2], metadata={"torch": torch.__version__})
