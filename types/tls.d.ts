import type { RequestListener, ServerOptions } from 'node:http';
import type { BlockList } from 'node:net';
import type { SecureContextOptions } from 'node:tls';

/** A certificate and its key, for `contexts` and `SNICallback`. */
export interface TlsIdentity extends Pick<
  SecureContextOptions,
  'ca' | 'cert' | 'key' | 'passphrase'
> {
  /** An OCSP response for the first certificate (RFC 6066), in DER. */
  ocspResponse?: Uint8Array | undefined;
}

/** What `setSecureContext()` replaces. */
export interface TlsReplacement extends TlsIdentity {
  /** By the name that a client wants (RFC 6066); `*.example` is one label. */
  contexts?: Record<string, TlsIdentity> | undefined;
}

/**
 * The `tls` option of a server: names and meanings are those of
 * `tls.createServer()`, and of `http.createServer()` for the requests. Others
 * throw.
 */
export interface TlsOptions extends TlsReplacement, ServerOptions {
  /** Names, best first, or bytes as in ALPN (RFC 7301). Default: http/1.1 */
  ALPNProtocols?: string[] | Uint8Array | undefined;
  allowHalfOpen?: boolean | undefined;
  blockList?: BlockList | undefined;
  /** Milliseconds that a handshake may take. Default: 120000 */
  handshakeTimeout?: number | undefined;
  maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Answers requests that want no upgrade. Default: status 426 */
  onRequest?: RequestListener | undefined;
  /** With `requestCert`. Default: `true` */
  rejectUnauthorized?: boolean | undefined;
  /** Ask clients for certificates. Default: `false` */
  requestCert?: boolean | undefined;
  /** Picks an identity for a name; none: the server's own. */
  SNICallback?:
    | ((
        servername: string,
        callback: (error: Error | null, identity?: TlsIdentity) => void
      ) => void)
    | undefined;
}
