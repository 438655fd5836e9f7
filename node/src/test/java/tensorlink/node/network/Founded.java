package tensorlink.node.network;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import tensorlink.ledger.Account;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PreSharedKey;

/** A private network and its parts, the same in every test. */
final class Founded {
    static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");
    static final KeyPair FOUNDER = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));
    static final PreSharedKey KEY =
            new PreSharedKey(ByteString.copyFromUtf8("0123456789abcdef0123456789abcdef"));
    static final PeerInfo ENTRY =
            new PeerInfo(FOUNDER.peerId(), List.of(Multiaddr.parse("/ip4/192.0.2.7/tcp/38751")));
    static final Descriptor.Terms TERMS =
            Descriptor.Terms.open("team", NOW, new SplittableRandom(1))
                    .closed(KEY)
                    .bootstrap(
                            List.of(
                                    ENTRY.fullAddresses().getFirst(),
                                    Multiaddr.parse("/dnsaddr/team.example.org")))
                    .ledger(new LedgerTerms.File(Account.ZERO));
    static final Descriptor TEAM = Descriptor.found(FOUNDER, TERMS);

    private Founded() {}

    static Invitation invitation() {
        return Invitation.of(
                FOUNDER,
                new Invitation.Content(
                        TEAM, Optional.of(KEY), List.of(ENTRY), NOW.plus(Duration.ofDays(7))));
    }
}
