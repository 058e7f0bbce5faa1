{{/* What all pods have in common. */}}
{{- define "sortie.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "sortie.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* A container up to its command: `root`, `name`. */}}
{{- define "sortie.container" -}}
name: {{ .name }}
image: {{ include "sortie.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- include "sortie.containerSecurity" .root | nindent 2 }}
env:
  {{- include "sortie.environment" .root | nindent 2 }}
{{- end }}

{{/* Where it may write. Where recordings are kept must be there for every process, or it complains. */}}
{{- define "sortie.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: data, mountPath: /data}
{{- if and (eq .root.Values.recording.storageBackend "local") (not (hasPrefix "/data/" .root.Values.recording.storagePath)) }}
- {name: data, mountPath: {{ .root.Values.recording.storagePath | quote }}, subPath: recordings}
{{- end }}
{{- end }}

{{- define "sortie.volumes" -}}
- name: tmp
  emptyDir: {}
- name: data
{{- if and .shared (include "sortie.hasVolume" .root) }}
  persistentVolumeClaim: {claimName: {{ include "sortie.claim" .root | quote }}}
{{- else if .shared }}
  emptyDir: {sizeLimit: {{ .root.Values.scratch.sizeLimit | quote }}}
{{- else }}
  emptyDir: {}
{{- end }}
{{- end }}

{{- define "sortie.probe" -}}
httpGet: {path: {{ .path | quote }}, port: {{ .port }}}
periodSeconds: 10
timeoutSeconds: 5
{{- end }}

{{/*
A deployment: `root`, `component`, `values` of it, `command`, `port` with its name, `shared` if it needs the volume,
`waits` if it must not start before the migrations, `replicas` unless they are scaled.
*/}}
{{- define "sortie.deployment" -}}
{{- $root := .root }}
{{- $onOneNode := and .shared (include "sortie.onOneNode" $root) }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "sortie.fullname" $root }}-{{ .component }}
  labels:
    {{- include "sortie.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  {{- if not (dig "autoscaling" "enabled" false .values) }}
  replicas: {{ .values.replicas | default .replicas }}
  {{- end }}
  {{- if or $onOneNode (eq .component "beat") }}
  strategy: {type: Recreate}
  {{- else }}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  {{- end }}
  selector:
    matchLabels:
      {{- include "sortie.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "sortie.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        {{- if $onOneNode }}
        sortie/volume: {{ include "sortie.fullname" $root }}
        {{- end }}
      {{- with .values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "sortie.serviceAccount" $root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ .grace }}
      securityContext:
        {{- include "sortie.podSecurity" $root | nindent 8 }}
      {{- with $root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if .waits }}
      initContainers:
        - {{- include "sortie.container" (dict "root" $root "name" "wait-for-migrations") | nindent 10 }}
          command: [sh, -c, "until python manage.py migrate --check >/dev/null 2>&1; do sleep 3; done"]
          resources:
            {{- toYaml $root.Values.migrations.resources | nindent 12 }}
          volumeMounts:
            {{- include "sortie.mounts" . | nindent 12 }}
      {{- end }}
      containers:
        - {{- include "sortie.container" (dict "root" $root "name" .component) | nindent 10 }}
          command: {{ toJson .command }}
          ports:
            - {name: {{ .portName }}, containerPort: {{ .port }}}
          startupProbe:
            {{- include "sortie.probe" (dict "path" "/healthz" "port" .portName) | nindent 12 }}
            failureThreshold: 30
          livenessProbe:
            {{- include "sortie.probe" (dict "path" "/healthz" "port" .portName) | nindent 12 }}
            failureThreshold: 6
          readinessProbe:
            # What all pods share and can do without for a while is no reason to send nobody to any of them.
            {{- include "sortie.probe" (dict "path" "/readyz?exclude=store&exclude=staging&exclude=broker" "port" .portName) | nindent 12 }}
          {{- if .drains }}
          lifecycle:
            # Until nobody is sent here any more.
            preStop: {exec: {command: [sleep, "5"]}}
          {{- end }}
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          volumeMounts:
            {{- include "sortie.mounts" . | nindent 12 }}
      volumes:
        {{- include "sortie.volumes" . | nindent 8 }}
      {{- with .values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if .values.affinity }}
      affinity:
        {{- toYaml .values.affinity | nindent 8 }}
      {{- else if $onOneNode }}
      affinity:
        podAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels: {sortie/volume: {{ include "sortie.fullname" $root }}}
      {{- else }}
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    {{- include "sortie.selector" $root | nindent 20 }}
                    app.kubernetes.io/component: {{ .component }}
      {{- end }}
{{- end }}
