/** The three kinds of push services on loopback, speaking their real protocols. TLS is signed by the CA of `tls/`. */
export { type ApnsService, type ReceivedApns, startApns } from './apns-service.ts'
export { type Behave, type Behaviour, CA, CA_PATH } from './behaviour.ts'
export { type FcmMessage, type FcmService, fcmFault, startFcm } from './fcm-service.ts'
export { type PushService, type ReceivedPush, type Subscription, startPushService } from './push-service.ts'
