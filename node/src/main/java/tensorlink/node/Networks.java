package tensorlink.node;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.node.network.Descriptor;
import tensorlink.node.network.Invitation;
import tensorlink.node.network.LedgerTerms;
import tensorlink.node.network.Membership;
import tensorlink.node.network.MembershipFolder;
import tensorlink.node.network.NetworkException;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PreSharedKey;

/**
 * The network that a home is part of, of which there is at most one: founds it, lets others in,
 * joins and leaves. What changes the home is refused while a node runs from it.
 */
public final class Networks {
    private Networks() {}

    /**
     * What a founder wants.
     *
     * @param isPrivate whether a key keeps others out
     * @param bootstrap addresses for every member to ask first, or {@code /dnsaddr} names
     * @param keepsLedger whether this home's account issues the credits of a ledger in a file
     */
    public record Founding(
            String name, boolean isPrivate, List<Multiaddr> bootstrap, boolean keepsLedger) {
        public Founding {
            bootstrap = List.copyOf(bootstrap);
        }
    }

    /**
     * Founds a network, which {@code home} is then part of.
     *
     * @throws IllegalArgumentException for a bad name, or too many addresses
     * @throws IOException a {@link NetworkException} when the home is part of one already, a {@link
     *     HomeInUseException} when a node runs from it
     */
    public static Membership create(Home home, Founding founding, Instant now) throws IOException {
        var random = new SecureRandom();
        var open =
                Descriptor.Terms.open(founding.name(), now, random).bootstrap(founding.bootstrap());
        var key =
                founding.isPrivate()
                        ? Optional.of(PreSharedKey.generate())
                        : Optional.<PreSharedKey>empty();
        try (var _ = HomeLock.take(home)) {
            var current = membership(home);
            if (current.isPresent()) {
                throw elsewhere(home, current.get());
            }
            var identity = Identity.open(home);
            var terms = key.map(open::closed).orElse(open);
            if (founding.keepsLedger()) {
                terms = terms.ledger(new LedgerTerms.File(identity.account().account()));
            }
            var founded =
                    new Membership(Descriptor.found(identity.key(), terms), key, Optional.empty());
            folder(home).save(founded);
            return founded;
        }
    }

    /**
     * The network that {@code home} is part of.
     *
     * @throws IOException a {@link NetworkException} when what is kept of it cannot be used
     */
    public static Optional<Membership> membership(Home home) throws IOException {
        return folder(home).load();
    }

    /**
     * Invites on behalf of {@code home}.
     *
     * @param entries where the invited ask first; of more addresses than an invitation holds, those
     *     that lead furthest are taken
     * @throws IOException a {@link NetworkException} when the home is part of no network
     */
    public static Invitation invite(
            Home home, List<PeerInfo> entries, Duration lifetime, Instant now) throws IOException {
        var membership = membership(home).orElseThrow(() -> none(home));
        if (!Identity.isIn(home)) {
            throw new IdentityException(home.identity(), "does not exist: nobody to invite");
        }
        return Invitation.of(
                Identity.open(home).key(),
                new Invitation.Content(
                        membership.network(),
                        membership.key(),
                        furthest(entries),
                        Instant.ofEpochMilli(now.plus(lifetime).toEpochMilli())));
    }

    /** Loopback addresses come last: they lead nowhere from other machines. */
    private static List<PeerInfo> furthest(List<PeerInfo> entries) {
        var addresses = new ArrayList<Multiaddr>();
        for (boolean loopback : new boolean[] {false, true}) {
            for (var entry : entries) {
                for (var address : entry.fullAddresses()) {
                    if (address.isLoopback() == loopback
                            && addresses.size() < Invitation.ADDRESSES_MAX) {
                        addresses.add(address);
                    }
                }
            }
        }
        return addresses.stream().map(PeerInfo::of).toList();
    }

    /**
     * Makes {@code home} part of the network of an invitation. One that is part of it already takes
     * the newer addresses.
     *
     * @throws IOException a {@link NetworkException} when it has expired, or the home is part of
     *     another network; a {@link HomeInUseException} when a node runs from it
     */
    public static Membership join(Home home, Invitation invitation, Instant now)
            throws IOException {
        invitation.requireGood(now);
        try (var _ = HomeLock.take(home)) {
            var current = membership(home);
            if (current.isPresent()
                    && !current.get().network().id().equals(invitation.content().network().id())) {
                throw elsewhere(home, current.get());
            }
            Identity.open(home);
            var joined = Membership.by(invitation);
            folder(home).save(joined);
            return joined;
        }
    }

    /**
     * Makes {@code home} part of no network: forgets its description, key and peers. Identity,
     * account and jobs stay.
     *
     * @return the network that it was part of
     * @throws IOException a {@link NetworkException} when there is none, a {@link
     *     HomeInUseException} when a node runs from the home
     */
    public static Membership leave(Home home) throws IOException {
        var left = membership(home).orElseThrow(() -> none(home));
        try (var _ = HomeLock.take(home)) {
            folder(home).delete();
            Home.delete(home.dht(left.network().label()));
            return left;
        }
    }

    private static MembershipFolder folder(Home home) {
        return new MembershipFolder(home.network());
    }

    private static NetworkException none(Home home) {
        return new NetworkException(
                "the home "
                        + home.folder()
                        + " is part of no network\n"
                        + "  try: tensorlink network join INVITATION, or network create NAME");
    }

    private static NetworkException elsewhere(Home home, Membership current) {
        return new NetworkException(
                "the home "
                        + home.folder()
                        + " is part of network \""
                        + current.network().name()
                        + "\" already\n"
                        + "  try: another --home FOLDER, or tensorlink network leave");
    }
}
