package tensorlink.testnet.sim.gossip;

import java.time.Duration;

/**
 * What became of the messages of a {@link GossipScenario}.
 *
 * @param published messages that count
 * @param delivery which share of what should have been delivered was
 * @param p50 how long half of the deliveries took at most, in virtual time
 * @param p99 the same for 99 of 100
 * @param worst the longest
 * @param copies how many copies of a message a node got for each one delivered
 * @param twice deliveries of the same message to the same node, beyond the first
 * @param meshMin the fewest honest peers in the mesh of an honest node at the end
 * @param meshMax the most
 * @param sybilsInMesh hostile peers in meshes of honest nodes at the end, per honest node
 * @param events how many events the simulation took
 * @param traceHash of every delivery; equal for equal scenarios
 */
public record GossipReport(
        int published,
        double delivery,
        Duration p50,
        Duration p99,
        Duration worst,
        double copies,
        long twice,
        int meshMin,
        int meshMax,
        double sybilsInMesh,
        long events,
        long traceHash) {}
