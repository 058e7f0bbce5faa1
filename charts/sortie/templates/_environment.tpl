{{/* The environment of every process. */}}
{{- define "sortie.environment" -}}
- name: SECRET_KEY
  valueFrom: {{ include "sortie.secret" .Values.secrets.secretKey }}
- name: DATABASE_URL
  valueFrom: {{ include "sortie.secret" .Values.secrets.databaseUrl }}
- name: REDIS_URL
  valueFrom: {{ include "sortie.secret" .Values.secrets.redisUrl }}
{{- if .Values.secrets.metricsToken.name }}
- name: SORTIE_METRICS_TOKEN
  valueFrom: {{ include "sortie.secret" .Values.secrets.metricsToken }}
{{- end }}
- name: ALLOWED_HOSTS
  value: {{ prepend .Values.allowedHosts (ternary .Values.ingress.host "" .Values.ingress.enabled) | compact | uniq | join "," | quote }}
{{- with .Values.trustedOrigins }}
- name: CSRF_TRUSTED_ORIGINS
  value: {{ join "," . | quote }}
{{- end }}
- name: SORTIE_HTTPS
  value: {{ .Values.https | quote }}
- name: SORTIE_BEHIND_PROXY
  value: "true"
- name: SORTIE_VIDEO_RECORDING_ENABLED
  value: {{ .Values.recording.enabled | quote }}
- name: SORTIE_TERMINAL_RECORDING_ENABLED
  value: {{ .Values.terminal.enabled | quote }}
- name: SORTIE_RECORDING_STORAGE_BACKEND
  value: {{ .Values.recording.storageBackend }}
- name: SORTIE_RECORDING_STORAGE_PATH
  value: {{ .Values.recording.storagePath | quote }}
- name: SORTIE_RECORDING_MAX_SIZE_MB
  value: {{ .Values.recording.maxSizeMB | int64 | quote }}
- name: SORTIE_RECORDING_RETENTION_DAYS
  value: {{ .Values.recording.retentionDays | int64 | quote }}
- name: SORTIE_TERMINAL_RETENTION_DAYS
  value: {{ .Values.terminal.retentionDays | int64 | quote }}
- name: SORTIE_STAGING_BACKEND
  value: {{ include "sortie.stagingBackend" . }}
{{- with .Values.recording.s3 }}
- name: SORTIE_RECORDING_S3_BUCKET
  value: {{ .bucket | quote }}
- name: SORTIE_RECORDING_S3_REGION
  value: {{ .region | quote }}
- name: SORTIE_RECORDING_S3_ENDPOINT
  value: {{ .endpoint | quote }}
- name: SORTIE_RECORDING_S3_PREFIX
  value: {{ .prefix | quote }}
{{- if .existingSecret }}
{{- range $key := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ $key }}
  valueFrom: {{ include "sortie.secret" (dict "name" $.Values.recording.s3.existingSecret "key" $key) }}
{{- end }}
{{- end }}
{{- end }}
- name: SORTIE_WEB_WORKERS
  value: {{ .Values.web.workers | int64 | quote }}
- name: SORTIE_WEB_THREADS
  value: {{ .Values.web.threads | int64 | quote }}
- name: SORTIE_LIVE_WORKERS
  value: {{ .Values.live.workers | int64 | quote }}
- name: SORTIE_PROBE_PORT
  value: "8002"
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sortie.secret" -}}
{secretKeyRef: {name: {{ .name | quote }}, key: {{ .key | quote }}}}
{{- end }}
