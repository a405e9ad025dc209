// The same declarations as for `require()`, so that a connection made by an
// ES module fits a function of a CommonJS module and the other way round.
import WebSocket = require('./index.js');

export default WebSocket;
export { WebSocket };

export import BroadcastChannelAdapter = WebSocket.BroadcastChannelAdapter;
export import createWebSocketStream = WebSocket.createWebSocketStream;
export import extension = WebSocket.extension;
export import NatsAdapter = WebSocket.NatsAdapter;
export import PerMessageDeflate = WebSocket.PerMessageDeflate;
export import Receiver = WebSocket.Receiver;
export import RedisAdapter = WebSocket.RedisAdapter;
export import Sender = WebSocket.Sender;
export import subprotocol = WebSocket.subprotocol;
export import Topics = WebSocket.Topics;
export import WebSocketServer = WebSocket.WebSocketServer;

export import Adapter = WebSocket.Adapter;
export import AddressInfo = WebSocket.AddressInfo;
export import CertMeta = WebSocket.CertMeta;
export import ClientOptions = WebSocket.ClientOptions;
export import CloseEvent = WebSocket.CloseEvent;
export import Data = WebSocket.Data;
export import ErrorEvent = WebSocket.ErrorEvent;
export import Event = WebSocket.Event;
export import EventListenerOptions = WebSocket.EventListenerOptions;
export import FinishRequestCallback = WebSocket.FinishRequestCallback;
export import Heartbeat = WebSocket.Heartbeat;
export import MessageEvent = WebSocket.MessageEvent;
export import Metrics = WebSocket.Metrics;
export import PerMessageDeflateOptions = WebSocket.PerMessageDeflateOptions;
export import NatsConnection = WebSocket.NatsConnection;
export import RawData = WebSocket.RawData;
export import RedisClient = WebSocket.RedisClient;
export import ServerOptions = WebSocket.ServerOptions;
export import Shareable = WebSocket.Shareable;
export import ShareOptions = WebSocket.ShareOptions;
export import TlsIdentity = WebSocket.TlsIdentity;
export import TlsOptions = WebSocket.TlsOptions;
export import TlsReplacement = WebSocket.TlsReplacement;
export import TopicsOptions = WebSocket.TopicsOptions;
export import Traffic = WebSocket.Traffic;
export import Transport = WebSocket.Transport;
export import VerifyClientCallbackAsync = WebSocket.VerifyClientCallbackAsync;
export import VerifyClientCallbackSync = WebSocket.VerifyClientCallbackSync;
export import WithBroadcast = WebSocket.WithBroadcast;
export import WithMetrics = WebSocket.WithMetrics;
export import WithTls = WebSocket.WithTls;
export import WithTransport = WebSocket.WithTransport;

// Only a type, as there is no export of that name at run time.
type Server<
  T extends typeof WebSocket.WebSocket = typeof WebSocket.WebSocket,
  U extends typeof import('node:http').IncomingMessage =
    typeof import('node:http').IncomingMessage
> = WebSocket.Server<T, U>;
export { type Server };
