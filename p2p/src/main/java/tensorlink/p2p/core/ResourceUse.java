package tensorlink.p2p.core;

/**
 * How much of a resource one scope holds.
 *
 * @param scope such as {@code system}, {@code transient}, {@code peer 12D3KooW…} or {@code protocol
 *     /ipfs/ping/1.0.0}
 */
public record ResourceUse(String scope, Resource resource, long used, long limit) {}
