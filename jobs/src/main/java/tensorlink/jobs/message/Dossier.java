package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.compute.format.AtomicFile;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.wire.DossierRecord;
import tensorlink.ledger.Account;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PeerId;

/**
 * What a party to an agreement keeps to dispute it, in a file for each job and worker.
 *
 * @param arbiter the node of whoever judges
 * @param receipts the worker's, as far as this party has them
 */
public record Dossier(
        PeerId arbiter, SignedAgreement agreement, List<Signed<UsageReceipt>> receipts) {
    private static final long BYTES_MAX = 64 << 10;

    public Dossier {
        receipts = List.copyOf(receipts);
    }

    public JobId job() {
        return new JobId(agreement.agreement().jobId());
    }

    private static Path file(Path folder, JobId job, Account payee) {
        return folder.resolve(job.hex() + "." + payee + ".dossier");
    }

    /** Replaces what {@code folder} has of this job and worker; on disk when it returns. */
    public void write(Path folder) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        var message =
                DossierRecord.newBuilder()
                        .setVersion(Fields.VERSION)
                        .setArbiter(arbiter.multihash())
                        .setAgreement(agreement.encode());
        receipts.forEach(receipt -> message.addReceipts(receipt.encode()));
        AtomicFile.write(
                file(folder, job(), agreement.agreement().payee()), message.build().toByteArray());
    }

    /**
     * What {@code folder} has of a job and worker.
     *
     * @throws IOException when it cannot be read, or is damaged
     */
    public static Optional<Dossier> read(Path folder, JobId job, Account payee) throws IOException {
        var file = file(folder, job, payee);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        if (Files.size(file) > BYTES_MAX) {
            throw new IOException(file + ": more than " + BYTES_MAX + " bytes");
        }
        try {
            return Optional.of(decode(ByteString.copyFrom(Files.readAllBytes(file))));
        } catch (ProtocolViolation damaged) {
            throw new IOException(file + " is damaged: " + damaged.getMessage(), damaged);
        }
    }

    private static Dossier decode(ByteString bytes) throws ProtocolViolation {
        var message = Fields.parse("dossier", DossierRecord.parser(), bytes);
        Fields.requireVersion("dossier", message.getVersion());
        var receipts = new ArrayList<Signed<UsageReceipt>>();
        for (var receipt : message.getReceiptsList()) {
            receipts.add(Fields.receipt(receipt));
        }
        return new Dossier(
                Fields.peer("arbiter", message.getArbiter()),
                Fields.read("agreement", () -> SignedAgreement.decode(message.getAgreement())),
                receipts);
    }
}
