package tensorlink.compute.optim;

/** How prepared gradients change parameters; the values only, state lives on the stages. */
public sealed interface Optimizer permits AdamW {}
