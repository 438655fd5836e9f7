package tensorlink.node;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.smartnodes.Books;
import tensorlink.ledger.smartnodes.Distribution;
import tensorlink.ledger.smartnodes.Proposal;
import tensorlink.ledger.smartnodes.Share;
import tensorlink.node.wire.ToldProposal;
import tensorlink.node.wire.ToldShare;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * A proposal as its proposer tells it. It needs no signature: the chain has its hash.
 *
 * @param until jobs that were complete by then are in it
 */
record Told(Instant until, List<Bytes32> jobs, Distribution distribution) {
    private static final int WORD_BYTES = 32;
    private static final long SECONDS_MAX = 253_402_300_799L;

    Told {
        jobs = List.copyOf(jobs);
    }

    static Told of(Instant until, Books books) {
        return new Told(until, books.proposal().jobs(), books.distribution());
    }

    Proposal proposal() {
        return Proposal.of(distribution, List.of(), jobs);
    }

    ToldProposal encode() {
        var message =
                ToldProposal.newBuilder()
                        .setDistribution(bytes(distribution.id()))
                        .setUntil(until.getEpochSecond());
        jobs.forEach(job -> message.addJobs(job.bytes()));
        for (var share : distribution.shares()) {
            message.addShares(
                    ToldShare.newBuilder()
                            .setWorker(share.worker().bytes())
                            .setCapacity(bytes(share.capacity())));
        }
        return message.build();
    }

    static Told decode(ToldProposal message) throws ProtocolViolation {
        if (message.getJobsCount() > Proposal.JOBS_MAX) {
            throw new ProtocolViolation(
                    "jobs: " + message.getJobsCount() + ", limit " + Proposal.JOBS_MAX);
        }
        if (message.getSharesCount() > Distribution.SHARES_MAX) {
            throw new ProtocolViolation(
                    "shares: " + message.getSharesCount() + ", limit " + Distribution.SHARES_MAX);
        }
        try {
            var jobs = new ArrayList<Bytes32>();
            message.getJobsList().forEach(job -> jobs.add(new Bytes32(job)));
            var shares = new ArrayList<Share>();
            for (var share : message.getSharesList()) {
                shares.add(
                        new Share(
                                new Account(share.getWorker()),
                                number("capacity", share.getCapacity())));
            }
            long until = message.getUntil();
            if (until < 0 || until > SECONDS_MAX) {
                throw new IllegalArgumentException("until is " + until);
            }
            return new Told(
                    Instant.ofEpochSecond(until),
                    jobs,
                    new Distribution(number("distribution", message.getDistribution()), shares));
        } catch (IllegalArgumentException wrong) {
            throw new ProtocolViolation("told proposal: " + wrong.getMessage(), wrong);
        }
    }

    private static ByteString bytes(BigInteger number) {
        return ByteString.copyFrom(number.toByteArray());
    }

    private static BigInteger number(String field, ByteString bytes) {
        if (bytes.isEmpty() || bytes.size() > WORD_BYTES + 1) {
            throw new IllegalArgumentException(
                    field + " of " + bytes.size() + " bytes, 1 to " + (WORD_BYTES + 1));
        }
        return new BigInteger(bytes.toByteArray());
    }
}
