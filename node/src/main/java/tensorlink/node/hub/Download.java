package tensorlink.node.hub;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import tensorlink.compute.format.ModelFile;
import tensorlink.p2p.core.Scheduler;

/**
 * Brings files here piece by piece, so that what is there already need not come again. For one
 * thread at a time.
 */
final class Download {
    /** How often a piece that does not come whole is asked for. */
    static final int TRIES_MAX = 5;

    static final int PIECE_BYTES = 8 << 20;

    /** How long a user waits for the next bytes. */
    static final Duration SILENCE_MAX = Duration.ofSeconds(60);

    private static final String PART = ".part";

    private final HubHttp http;
    private final Scheduler scheduler;
    private final int pieceBytes;
    private final Duration silenceMax;
    private final DownloadProgress progress;

    Download(HubHttp http, Scheduler scheduler, int pieceBytes, DownloadProgress progress) {
        this(http, scheduler, pieceBytes, SILENCE_MAX, progress);
    }

    Download(
            HubHttp http,
            Scheduler scheduler,
            int pieceBytes,
            Duration silenceMax,
            DownloadProgress progress) {
        this.http = http;
        this.scheduler = scheduler;
        this.pieceBytes = pieceBytes;
        this.silenceMax = silenceMax;
        this.progress = progress;
    }

    static void requireStatus(String what, int status) throws HubException {
        switch (status) {
            case 200, 206 -> {}
            case 401, 403 ->
                    throw new HubException(
                            what,
                            "not there, or not open to all: set HF_TOKEN to a token of yours");
            case 404 -> throw new HubException(what, "the server has none");
            default -> throw new HubException(what, "the server answers with status " + status);
        }
    }

    /**
     * Fetches a file, unless it is there already, and goes on with what an earlier call has left.
     *
     * @throws HubException when it cannot be had, or is not what it should be
     */
    void fetch(String path, HubFile file, Path folder) throws IOException, InterruptedException {
        if (ModelFile.exists(folder, file.name())) {
            return; // only what was found right gets its name
        }
        var part = folder.resolve(file.name() + PART);
        if (Files.exists(part) && Files.size(part) > file.size()) {
            Files.delete(part);
        }
        try (var out =
                FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            fill(path, file, out);
        }
        try {
            file.requireContent(part);
        } catch (HubException wrong) {
            Files.delete(part);
            throw wrong;
        }
        Files.move(part, folder.resolve(file.name()), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Appends piece by piece; a piece that does not come whole is asked for again. */
    private void fill(String path, HubFile file, FileChannel out)
            throws IOException, InterruptedException {
        int cuts = 0;
        while (out.size() < file.size()) {
            try {
                append(path, file, out);
                progress.reached(file.name(), out.size(), file.size());
                cuts = 0;
            } catch (EOFException cut) {
                cuts++;
                if (cuts == TRIES_MAX) {
                    throw new HubException(
                            file.name(),
                            "ends after "
                                    + out.size()
                                    + " of "
                                    + file.size()
                                    + " bytes; try again to go on");
                }
            }
        }
    }

    /** Is given what comes of a range, piece by piece. */
    interface Sink {
        void take(long at, byte[] piece) throws IOException;
    }

    /**
     * Fetches the bytes from {@code at} to {@code end}, and no others.
     *
     * @throws EOFException when they end too early; what came was given to the sink
     * @throws HubException when the hub gives something else
     */
    void range(String path, HubFile file, long at, long end, Sink sink)
            throws IOException, InterruptedException {
        var answer = http.get(path, "bytes=" + at + "-" + (end - 1));
        try (var body = answer.body()) {
            requireStatus(file.name(), answer.statusCode());
            requireRange(file, answer, at, end);
            for (long from = at; from < end; from += pieceBytes) {
                sink.take(from, piece(file, body, (int) Math.min(end - from, pieceBytes)));
            }
        }
    }

    private void append(String path, HubFile file, FileChannel out)
            throws IOException, InterruptedException {
        long at = out.size();
        long end = Math.min(file.size(), at + pieceBytes);
        out.position(at);
        var answer = http.get(path, "bytes=" + at + "-" + (end - 1));
        try (var body = answer.body()) {
            requireStatus(file.name(), answer.statusCode());
            if (answer.statusCode() == 200) {
                takeWhole(file, body, out);
            } else {
                requireRange(file, answer, at, end);
                take(file, body, out, (int) (end - at));
            }
        }
    }

    /** A hub that knows no ranges begins at the beginning. */
    private void takeWhole(HubFile file, InputStream body, FileChannel out)
            throws IOException, InterruptedException {
        out.truncate(0);
        for (long left = file.size(); left > 0; left -= pieceBytes) {
            take(file, body, out, (int) Math.min(left, pieceBytes));
        }
        if (watched(body, body::read) >= 0) {
            out.truncate(0);
            throw new HubException(file.name(), "more than the " + file.size() + " bytes listed");
        }
    }

    private void take(HubFile file, InputStream body, FileChannel out, int length)
            throws IOException, InterruptedException {
        var buffer = ByteBuffer.wrap(piece(file, body, length));
        while (buffer.hasRemaining()) {
            out.write(buffer);
        }
    }

    private byte[] piece(HubFile file, InputStream body, int length)
            throws IOException, InterruptedException {
        byte[] piece;
        try {
            piece = watched(body, () -> body.readNBytes(length));
        } catch (IOException cut) {
            throw new EOFException(file.name());
        }
        if (piece.length < length) {
            throw new EOFException(file.name());
        }
        return piece;
    }

    private static void requireRange(
            HubFile file, HttpResponse<InputStream> answer, long at, long end) throws HubException {
        var expected = "bytes " + at + "-" + (end - 1) + "/" + file.size();
        var range = answer.headers().firstValue("Content-Range").orElse("none");
        if (!range.equals(expected)) {
            throw new HubException(
                    file.name(),
                    "Content-Range: expected "
                            + expected
                            + ", found "
                            + range.replaceAll("[^ -~]", "?"));
        }
    }

    /** What may take too long. */
    interface Reading<T> {
        T read() throws IOException;
    }

    /** Reads, unless the hub is silent for too long. */
    <T> T watched(InputStream body, Reading<T> reading) throws IOException, InterruptedException {
        var silence = scheduler.after(silenceMax, () -> close(body));
        try {
            return reading.read();
        } catch (IOException failed) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            throw failed;
        } finally {
            silence.cancel();
        }
    }

    private static void close(InputStream body) {
        try {
            body.close();
        } catch (IOException closed) {
            // Whoever reads from it is told.
        }
    }
}
