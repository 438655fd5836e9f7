package tensorlink.node;

import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.evm.EvmAccount;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmLedger;
import tensorlink.ledger.evm.EvmTerms;
import tensorlink.ledger.evm.SenderSettings;
import tensorlink.node.network.Descriptor;
import tensorlink.node.network.Invitation;
import tensorlink.node.network.LedgerTerms;
import tensorlink.node.network.Membership;
import tensorlink.node.network.MembershipFolder;
import tensorlink.node.network.NetworkException;
import tensorlink.p2p.core.Scheduler;
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
     */
    public record Founding(
            String name, boolean isPrivate, List<Multiaddr> bootstrap, Accounts accounts) {
        public Founding {
            bootstrap = List.copyOf(bootstrap);
        }
    }

    /** Where a founder wants it kept who owes whom. */
    public sealed interface Accounts {
        /** Nowhere. */
        record None() implements Accounts {}

        /** In a file; this home's account issues the credits. */
        record OwnFile() implements Accounts {}

        /** In contracts that are there already. */
        record OnChain(LedgerTerms.OnChain terms) implements Accounts {}
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
            var bare = key.map(open::closed).orElse(open);
            var terms =
                    switch (founding.accounts()) {
                        case Accounts.None() -> bare;
                        case Accounts.OwnFile() ->
                                bare.ledger(new LedgerTerms.File(identity.account().account()));
                        case Accounts.OnChain(var onChain) -> bare.ledger(onChain);
                    };
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
        return join(home, Membership.by(invitation));
    }

    /**
     * Makes {@code home} part of a public network that its founder describes. The way in is by what
     * the description names: peers, names, or the validators on a contract.
     *
     * @throws IOException as for an invitation, and a {@link NetworkException} when the network is
     *     private
     */
    public static Membership join(Home home, Descriptor network) throws IOException {
        if (network.isPrivate()) {
            throw new NetworkException(
                    "network \""
                            + network.name()
                            + "\" is private: its description alone lets nobody in\n"
                            + "  try: tensorlink network join INVITATION");
        }
        return join(home, new Membership(network, Optional.empty(), Optional.empty()));
    }

    private static Membership join(Home home, Membership joined) throws IOException {
        try (var _ = HomeLock.take(home)) {
            var current = membership(home);
            if (current.isPresent()
                    && !current.get().network().id().equals(joined.network().id())) {
                throw elsewhere(home, current.get());
            }
            Identity.open(home);
            folder(home).save(joined);
            return joined;
        }
    }

    /**
     * Deploys our contract on a chain, which takes minutes and about five million gas: {@code
     * home}'s account pays for it, and is the only one that can issue the credits.
     *
     * @param validatorsMin the fewest validators that post reward roots
     * @throws IOException when the chain cannot be reached, or the account cannot pay
     */
    public static LedgerTerms.Contract deploy(
            Home home, EvmChain chain, Amount stakeMin, int validatorsMin)
            throws IOException, InterruptedException {
        try (var _ = HomeLock.take(home)) {
            var account = Identity.open(home).account();
            var usual = EvmTerms.of(account.account(), Account.ZERO, stakeMin);
            var terms =
                    new EvmTerms(
                            usual.issuer(),
                            usual.guardian(),
                            stakeMin,
                            validatorsMin,
                            usual.withdrawalNotice(),
                            usual.unstakeDelay(),
                            usual.activationDelay(),
                            usual.disputeWindow());
            var deployed =
                    EvmLedger.deploy(
                            chain, terms, onChain(home, account), Scheduler.system()::sleep);
            return new LedgerTerms.Contract(
                    chain.chainId(),
                    deployed.address(),
                    deployed.codeHash().bytes(),
                    deployed.block(),
                    chain.endpoints());
        }
    }

    /** The account as payer of gas; what it has sent is remembered in {@code home}. */
    static EvmAccount onChain(Home home, AccountKey account) throws IOException {
        Files.createDirectories(home.ledger());
        return new EvmAccount(
                account, home.ledger().resolve("transactions"), SenderSettings.defaults());
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
