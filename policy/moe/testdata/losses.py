"""Writes losses.json: each policy loss on random log-probs, with torch's gradient.

    pip install -r requirements.txt && python losses.py

Two rows of packed documents; document 0 is padding. The formulas are those of the papers named in policy/policy.go.
"""
import json
import torch

torch.manual_seed(7)
B, T = 2, 12
segments = torch.tensor([[1] * 5 + [2] * 4 + [0] * 3, [1] * 2 + [2] * 6 + [3] * 3 + [0]])
real = (segments > 0).double()
logp0 = -3 * torch.rand(B, T, dtype=torch.double) * real
behaviour = (logp0 + torch.randn(B, T, dtype=torch.double) * 0.35) * real
reference = (logp0 + torch.randn(B, T, dtype=torch.double) * 0.4) * real
weights = real * torch.randint(0, 4, (B, T)).double() / 10  # 0 for prompt tokens
advantages = torch.zeros(B, T, dtype=torch.double)
for row in range(B):
    for doc in range(1, 4):
        advantages[row][segments[row] == doc] = torch.randn(1, dtype=torch.double).item() * 2


def document_mean(x, counted):
    out = torch.zeros_like(x)
    for row in range(B):
        for doc in range(1, 4):
            mask = ((segments[row] == doc) & (counted[row] > 0)).double()
            mean = (x[row] * mask).sum() / mask.sum().clamp(min=1)
            out = out + torch.nn.functional.one_hot(torch.tensor(row), B).double()[:, None] * (mask * mean)[None, :]
    return out


def loss_of(kind, logp, low, high, dual, kl):
    counted = (weights != 0).double()
    diff = (logp - behaviour) * counted
    ratio = diff.exp()
    if kind == "cispo":
        per = -ratio.detach().clamp(1 - low, 1 + high) * advantages * logp
    else:
        r = document_mean(diff, counted).exp() if kind == "gspo" else ratio
        gain = torch.minimum(r * advantages, r.clamp(1 - low, 1 + high) * advantages)
        if dual:
            gain = torch.where(advantages < 0, torch.maximum(gain, dual * advantages), gain)
        per = -gain
    k2 = 0.5 * ratio.detach() * ((logp - reference) * counted) ** 2
    return (weights * (per + kl * k2)).sum()


cases = []
for kind in ("policy_gradient", "cispo", "gspo"):
    for low, high, dual, kl in ((0.2, 0.28, 0, 0), (0.2, 0.28, 1.1, 0), (0.1, 0.1, 0, 0.5), (0.0003, 0.0004, 3, 0.1)):
        if kind == "cispo" and dual:
            continue
        logp = logp0.clone().requires_grad_()
        loss = loss_of(kind, logp, low, high, dual, kl)
        loss.backward()
        cases.append(dict(kind=kind, low=low, high=high, dual=dual, kl=kl, loss=loss.item(), gradient=logp.grad.flatten().tolist()))

flat = lambda x: x.flatten().tolist()
with open("losses.json", "w") as f:
    json.dump(dict(rows=B, width=T, segments=flat(segments), logp=flat(logp0), behaviour=flat(behaviour), reference=flat(reference),
                   advantages=flat(advantages), weights=flat(weights), cases=cases), f)
