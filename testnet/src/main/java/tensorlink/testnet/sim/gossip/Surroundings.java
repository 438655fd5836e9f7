package tensorlink.testnet.sim.gossip;

/** What all nodes of a simulation share. */
record Surroundings(EventQueue events, Wires wires, Messages messages) {}
