package tensorlink.p2p.core;

/**
 * What a host has moved for one protocol since it started: payload, without what frames and ciphers
 * add.
 *
 * @param received bytes taken by readers
 * @param sent bytes handed over by writers
 * @param streamsOpened streams so far, in both directions
 * @param streamsOpen streams right now
 */
public record Traffic(
        ProtocolId protocol, long received, long sent, long streamsOpened, long streamsOpen) {}
